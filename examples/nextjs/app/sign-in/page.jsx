"use client";

import { useRouter } from "next/navigation";
import { useState } from "react";

import { authClient } from "../../lib/auth-client.js";

export default function SignIn() {
  const router = useRouter();
  const [isNew, setIsNew] = useState(false);
  const [problem, setProblem] = useState("");

  async function submit(form) {
    const { name, email, password } = Object.fromEntries(form);
    const { error } = isNew
      ? await authClient.signUp.email({ name, email, password })
      : await authClient.signIn.email({ email, password });
    if (error) setProblem(error.message ?? "The service is not reachable");
    else router.push("/");
  }

  return (
    <main>
      <h1>{isNew ? "Sign up" : "Sign in"}</h1>
      <form action={submit}>
        {isNew && <input name="name" aria-label="Name" required />}
        <input name="email" type="email" aria-label="E-mail" required />
        <input name="password" type="password" aria-label="Password" required />
        <button>Continue</button>
      </form>
      <p role="alert">{problem}</p>
      <button onClick={() => setIsNew(!isNew)}>{isNew ? "I have an account" : "Create an account"}</button>
    </main>
  );
}
