// The operations of Better Auth's client, which is used unchanged. Each request throws a
// `ProblemError` if the client returns an error.

import { jwtClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";
import { t } from "../../../lib/i18n";
import {
  isTemporary,
  ProblemError,
  problemOf,
  readRetryAfter,
  unreachable,
} from "../../../lib/problem";
import { type AuthError, problemOfAuth } from "./auth-problem";
import { checked } from "./responses";

const client = createAuthClient({
  baseURL: window.location.origin,
  plugins: [jwtClient()],
  fetchOptions: {
    onResponse: ({ request, response }) => checked(request.url, response),
    // The client's own parser turns strings into dates, even a name that looks like one.
    jsonParser: (text) => (text === "" ? null : JSON.parse(text)),
  },
});

export const { useSession } = client;

interface Options {
  onError(context: { response: Response }): void;
  headers?: { authorization: string };
}

type Answer<T> = { data: T | null; error: AuthError | null };

/** Calls the client, and returns the data of the response. */
async function ask<T>(
  call: (options: Options) => Promise<Answer<T>>,
  options?: Pick<Options, "headers">,
): Promise<T | null> {
  let retryAfter: number | undefined;
  const onError: Options["onError"] = ({ response }) => {
    retryAfter = readRetryAfter(response.headers);
  };
  const { data, error } = await call({ ...options, onError });
  if (error) throw new ProblemError(problemOfAuth(error, retryAfter));
  return data;
}

/** Id of the user whom this tab shows. */
let shownUser: string | undefined;

/**
 * Sends a write to the account of the user whom this tab shows. Throws an error if the session has
 * ended, or if another user has signed in in another tab.
 */
async function write<T>(call: (options: Options) => Promise<Answer<T>>): Promise<T | null> {
  const session = await getSession();
  if (!session || session.user.id !== shownUser) throw userChanged(session !== null);
  try {
    return await ask(call, bound(session));
  } catch (error) {
    throw isTemporary(error) ? new LostResponse(problemOf(error)) : error;
  }
}

/**
 * Returns options that bind a request to a session. The token takes precedence over the cookie, which
 * another tab may replace after the session was checked.
 */
const bound = ({ session }: { session: { token: string } }): Pick<Options, "headers"> => ({
  headers: { authorization: `Bearer ${session.token}` },
});

/** Returns the error for a request of a user who is no longer signed in, and shows the current one. */
function userChanged(hasOther: boolean): ProblemError {
  lookAgain();
  const { otherUser, signedOut } = t().problems;
  return new ProblemError({ status: 401, message: hasOther ? otherUser : signedOut, fields: {} });
}

/** Thrown if a write was sent, but no response says whether it was performed. */
export class LostResponse extends ProblemError {}

/**
 * Redirect target of verification e-mails. For an invalid link, auth-service appends the
 * parameter `error`.
 */
const VERIFIED = "/auth/verify-email?verified=yes";

export interface NewAccount {
  name: string;
  email: string;
  password: string;
}

/**
 * Signs up a user. Returns whether the user is now signed in; the address may have to be verified
 * first.
 */
export async function signUp(account: NewAccount): Promise<{ isSignedIn: boolean }> {
  const data = await ask((options) =>
    client.signUp.email({ ...account, callbackURL: VERIFIED }, options),
  );
  if (data?.token) await checkCookie();
  return { isSignedIn: Boolean(data?.token) };
}

export const getSession = () => ask((options) => client.getSession({ fetchOptions: options }));

export interface Credentials {
  email: string;
  password: string;
  rememberMe: boolean;
}

export async function signIn(credentials: Credentials): Promise<void> {
  await ask((options) => client.signIn.email(credentials, options));
  await checkCookie();
}

/** Throws an error if the browser does not send the cookie of the session that was created. */
async function checkCookie(): Promise<void> {
  if (await getSession()) return;
  throw new ProblemError({ status: 401, message: t().problems.noCookies, fields: {} });
}

/**
 * Signs out the user whom this tab shows, and no other. After an error, the session is fetched,
 * because it may have ended although the response was lost. If it still exists, the error is
 * thrown. Returns false if the session cannot be fetched either, because it is then unknown whether
 * the session has ended.
 */
export async function signOut(): Promise<boolean> {
  try {
    const session = await getSession();
    if (session && session.user.id !== shownUser) throw userChanged(true);
    if (session) await ask((options) => client.signOut({ fetchOptions: options }), bound(session));
    else lookAgain();
  } catch (error) {
    const session = await getSession().catch(() => undefined);
    if (session) throw error;
    if (session === undefined) return false;
    lookAgain();
  }
  return true;
}

export async function requestPasswordReset(email: string): Promise<void> {
  const redirectTo = "/auth/reset-password";
  await ask((options) => client.requestPasswordReset({ email, redirectTo }, options));
}

export async function resetPassword(newPassword: string, token: string): Promise<void> {
  await ask((options) => client.resetPassword({ newPassword, token }, options));
}

export async function sendVerificationMail(email: string): Promise<void> {
  await ask((options) => client.sendVerificationEmail({ email, callbackURL: VERIFIED }, options));
}

export async function changeName(name: string): Promise<void> {
  await write((options) => client.updateUser({ name }, options));
}

export async function changeEmail(newEmail: string): Promise<void> {
  const callbackURL = "/settings";
  await write((options) => client.changeEmail({ newEmail, callbackURL }, options));
}

export interface PasswordChange {
  currentPassword: string;
  newPassword: string;
  revokeOtherSessions: boolean;
}

export async function changePassword(change: PasswordChange): Promise<void> {
  await write((options) => client.changePassword(change, options));
}

/**
 * Deletes the account, or sends an e-mail if the deletion has to be confirmed. Returns whether the
 * account was deleted.
 */
export async function deleteAccount(password: string): Promise<{ isGone: boolean }> {
  const callbackURL = "/auth/signup";
  const data = await write((options) => client.deleteUser({ password, callbackURL }, options));
  return { isGone: data?.message === "User deleted" };
}

export interface Device {
  token: string;
  userAgent: string;
  since: Date;
  lastUsed: Date;
}

export async function listDevices(): Promise<Device[]> {
  const sessions = await ask((options) => client.listSessions({ fetchOptions: options }));
  if (sessions?.some(({ userId }) => userId !== shownUser)) throw userChanged(true);
  return (sessions ?? []).map(({ token, userAgent, createdAt, updatedAt }) => ({
    token,
    userAgent: userAgent ?? "",
    since: new Date(createdAt),
    lastUsed: new Date(updatedAt),
  }));
}

export async function revokeDevice(token: string): Promise<void> {
  await write((options) => client.revokeSession({ token }, options));
}

/** Ends all sessions but the current one. */
export async function revokeOtherDevices(): Promise<void> {
  await write((options) => client.revokeOtherSessions({ fetchOptions: options }));
}

/** Returns a JWT for the task API. */
export async function fetchToken(): Promise<string> {
  const data = await ask((options) => client.token({ fetchOptions: options }));
  if (!data?.token) throw new ProblemError(unreachable(t().unreachable.any));
  return data.token;
}

/**
 * Calls `onChange` whenever a different user, or nobody, is signed in, before components render the
 * change.
 */
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

/**
 * Subscribes to the session, which makes the client fetch it. Called at startup, so that the request
 * runs while the code that needs the session is loaded.
 */
export function startSession(): void {
  watchUser((userId) => {
    shownUser = userId;
  });
}
