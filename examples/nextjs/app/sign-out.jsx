"use client";

import { useRouter } from "next/navigation";

import { authClient } from "../lib/auth-client.js";

export function SignOut() {
  const router = useRouter();
  const signOut = async () => {
    await authClient.signOut();
    router.push("/sign-in");
  };
  return <button onClick={signOut}>Sign out</button>;
}
