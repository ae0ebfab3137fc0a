import { headers } from "next/headers";

/** Returns the signed-in user and a token for the task API, or null. */
export async function getSession() {
  const cookie = (await headers()).get("cookie") ?? "";
  const url = `${process.env.AUTH_URL}/api/auth/get-session`;
  const response = await fetch(url, { headers: { cookie }, cache: "no-store" });
  if (!response.ok) throw new Error(`auth-service responded with ${response.status}`);
  const session = await response.json();
  return session && { user: session.user, token: response.headers.get("set-auth-jwt") };
}
