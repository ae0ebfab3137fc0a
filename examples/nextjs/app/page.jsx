import { revalidatePath } from "next/cache";

import { requireUser } from "../lib/user.js";
import { SignOut } from "./sign-out.jsx";

async function createTask(form) {
  "use server";
  const { callTasks } = await requireUser();
  await callTasks({ method: "POST", body: JSON.stringify({ title: form.get("title") }) });
  revalidatePath("/");
}

export default async function Tasks() {
  const { user, callTasks } = await requireUser();
  const tasks = await callTasks();
  return (
    <main>
      <h1>Tasks of {user.name}</h1>
      <form action={createTask}>
        <input name="title" aria-label="New task" maxLength={255} required />
        <button>Add</button>
      </form>
      <ul>
        {tasks.map(({ id, title }) => (
          <li key={id}>{title}</li>
        ))}
      </ul>
      <SignOut />
    </main>
  );
}
