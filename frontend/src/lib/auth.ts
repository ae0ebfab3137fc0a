// Better Auth's client, as it is, and what a person can do with it: each call answers with the
// problem, or with nothing if there is none.

import { jwtClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";
import { type AuthError, problemOfAuth } from "./auth-problem";
import { type Problem, ProblemError, problemOf, readRetryAfter } from "./problem";

const client = createAuthClient({ baseURL: window.location.origin, plugins: [jwtClient()] });

export const { useSession } = client;

interface Options {
  onError(context: { response: Response }): void;
}

type Answer<T> = { data: T | null; error: AuthError | null };
type Outcome = Promise<Problem | undefined>;

/** Asks, and throws what the client would have returned as an error. */
async function ask<T>(call: (options: Options) => Promise<Answer<T>>): Promise<T | null> {
  let retryAfter: number | undefined;
  const onError: Options["onError"] = ({ response }) => {
    retryAfter = readRetryAfter(response.headers);
  };
  const { data, error } = await call({ onError });
  if (error) throw new ProblemError(problemOfAuth(error, retryAfter));
  return data;
}

async function outcome<T>(call: (options: Options) => Promise<Answer<T>>): Outcome {
  try {
    await ask(call);
    return undefined;
  } catch (error) {
    return problemOf(error);
  }
}

/** Where the link in a verification mail leads; if it is no good, with an `error` added. */
const VERIFIED = "/auth/verify-email?verified=yes";

export interface NewAccount {
  name: string;
  email: string;
  password: string;
}

/** Signs up: whether that also signed in, which it does not where addresses are verified first. */
export async function signUp(account: NewAccount): Promise<Problem | { isSignedIn: boolean }> {
  try {
    const data = await ask((options) =>
      client.signUp.email({ ...account, callbackURL: VERIFIED }, options),
    );
    return { isSignedIn: Boolean(data?.token) };
  } catch (error) {
    return problemOf(error);
  }
}

export interface Credentials {
  email: string;
  password: string;
  rememberMe: boolean;
}

export function signIn(credentials: Credentials): Outcome {
  return outcome((options) => client.signIn.email(credentials, options));
}

export function signOut(): Outcome {
  return outcome((options) => client.signOut({ fetchOptions: options }));
}

export function requestPasswordReset(email: string): Outcome {
  const redirectTo = "/auth/reset-password";
  return outcome((options) => client.requestPasswordReset({ email, redirectTo }, options));
}

export function resetPassword(newPassword: string, token: string): Outcome {
  return outcome((options) => client.resetPassword({ newPassword, token }, options));
}

export function sendVerificationMail(email: string): Outcome {
  return outcome((options) =>
    client.sendVerificationEmail({ email, callbackURL: VERIFIED }, options),
  );
}

export function changeName(name: string): Outcome {
  return outcome((options) => client.updateUser({ name }, options));
}

export function changeEmail(newEmail: string): Outcome {
  const callbackURL = "/settings";
  return outcome((options) => client.changeEmail({ newEmail, callbackURL }, options));
}

export interface PasswordChange {
  currentPassword: string;
  newPassword: string;
  revokeOtherSessions: boolean;
}

export function changePassword(change: PasswordChange): Outcome {
  return outcome((options) => client.changePassword(change, options));
}

/** Deletes the account, or asks for it by mail where that has to be confirmed. */
export async function deleteAccount(password: string): Promise<Problem | { isGone: boolean }> {
  const callbackURL = "/auth/signup";
  try {
    const data = await ask((options) => client.deleteUser({ password, callbackURL }, options));
    return { isGone: data?.message === "User deleted" };
  } catch (error) {
    return problemOf(error);
  }
}

export interface Device {
  token: string;
  userAgent: string;
  since: Date;
}

export async function listDevices(): Promise<Device[]> {
  const sessions = await ask((options) => client.listSessions({ fetchOptions: options }));
  return (sessions ?? []).map(({ token, userAgent, createdAt }) => ({
    token,
    userAgent: userAgent ?? "",
    since: new Date(createdAt),
  }));
}

export async function revokeDevice(token: string): Promise<void> {
  await ask((options) => client.revokeSession({ token }, options));
}

/** A JWT for the task API. */
export async function fetchToken(): Promise<string> {
  const data = await ask((options) => client.token({ fetchOptions: options }));
  return data?.token ?? "";
}

/** Hears of every change of who is signed in, before anything shows it. */
export function watchUser(onChange: (userId: string | undefined) => void): void {
  let known: string | undefined;
  client.$store.atoms.session?.subscribe(({ data }: { data: { user: { id: string } } | null }) => {
    const userId = data?.user.id;
    if (userId === known) return;
    known = userId;
    onChange(userId);
  });
}

/** Looks again whether somebody is signed in; who asks for the session hears of it. */
export function lookAgain(): void {
  client.$store.notify("$sessionSignal");
}
