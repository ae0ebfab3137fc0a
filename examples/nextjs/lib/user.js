import { redirect } from "next/navigation";

import { getSession } from "./session.js";

/** Returns the signed-in user and a function that calls the task API with their token. */
export async function requireUser() {
  const session = await getSession();
  if (!session) redirect("/sign-in");
  const { user, token } = session;
  const callTasks = async (init) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
    const response = await fetch(`${process.env.TASKS_URL}/api/tasks`, { ...init, headers });
    if (!response.ok) throw new Error(`task-service responded with ${response.status}`);
    return response.json();
  };
  return { user, callTasks };
}
