// The operations of Better Auth's client, which is used unchanged. Each one returns a problem, or
// nothing on success.

import { jwtClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";
import { t } from "../../../lib/i18n";
import { type Problem, ProblemError, problemOf, readRetryAfter } from "../../../lib/problem";
import { type AuthError, problemOfAuth } from "./auth-problem";

const client = createAuthClient({ baseURL: window.location.origin, plugins: [jwtClient()] });

export const { useSession } = client;

interface Options {
  onError(context: { response: Response }): void;
}

type Answer<T> = { data: T | null; error: AuthError | null };
type Outcome = Promise<Problem | undefined>;

/** Sends a request, and throws the error that the client returns. */
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

/** Redirect target of verification mails; an invalid link adds `error`. */
const VERIFIED = "/auth/verify-email?verified=yes";

export interface NewAccount {
  name: string;
  email: string;
  password: string;
}

/** Signs up. Returns whether the user is signed in, which may require a verified address first. */
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

export async function signIn(credentials: Credentials): Outcome {
  const problem = await outcome((options) => client.signIn.email(credentials, options));
  if (problem) return problem;
  try {
    const session = await ask((options) => client.getSession({ fetchOptions: options }));
    return session ? undefined : noCookies();
  } catch (error) {
    return problemOf(error);
  }
}

/** Signing in succeeded, but the browser does not send the cookie. */
const noCookies = (): Problem => ({
  status: 401,
  message: t().problems.noCookies,
  fields: {},
});

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

/** Deletes the account, or sends a mail if the deletion must be confirmed. */
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
  lastUsed: Date;
}

export async function listDevices(): Promise<Device[]> {
  const sessions = await ask((options) => client.listSessions({ fetchOptions: options }));
  return (sessions ?? []).map(({ token, userAgent, createdAt, updatedAt }) => ({
    token,
    userAgent: userAgent ?? "",
    since: new Date(createdAt),
    lastUsed: new Date(updatedAt),
  }));
}

export async function revokeDevice(token: string): Promise<void> {
  await ask((options) => client.revokeSession({ token }, options));
}

/** Ends all sessions but the current one. */
export async function revokeOtherDevices(): Promise<void> {
  await ask((options) => client.revokeOtherSessions({ fetchOptions: options }));
}

/** Returns a JWT for the task API. */
export async function fetchToken(): Promise<string> {
  const data = await ask((options) => client.token({ fetchOptions: options }));
  return data?.token ?? "";
}

/** Calls back on every change of the signed-in user, before it is rendered. */
export function watchUser(onChange: (userId: string | undefined) => void): void {
  let known: string | undefined;
  client.$store.atoms.session?.subscribe(({ data }: { data: { user: { id: string } } | null }) => {
    const userId = data?.user.id;
    if (userId === known) return;
    known = userId;
    onChange(userId);
  });
}

/** Fetches the session again and notifies its subscribers. */
export function lookAgain(): void {
  client.$store.notify("$sessionSignal");
}

/** Fetches the session before the code that needs it is loaded. */
export function startSession(): void {
  watchUser(() => undefined);
}
