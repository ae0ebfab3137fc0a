// The responses of auth-service. Any other response comes from a proxy, for example while the
// service restarts, and says nothing about the session or the account.

import {
  arrayOf,
  type Check,
  isBoolean,
  isString,
  isTime,
  objectOf,
  optional,
} from "../../../lib/shape";

const isUser = objectOf({
  id: isString,
  name: isString,
  email: isString,
  emailVerified: isBoolean,
});
const hasUser = objectOf({ user: objectOf({ id: isString }), token: optional(isString) });
const isTrue = (value: unknown) => value === true;
const isDone = objectOf({ status: isTrue });
const isSuccess = objectOf({ success: isTrue });
const isSession = objectOf({ user: isUser, session: objectOf({ token: isString }) });
const isDevice = objectOf({
  token: isString,
  userId: isString,
  userAgent: optional(isString),
  createdAt: isTime,
  updatedAt: isTime,
});

const SESSION = "/get-session";

/** The bodies of successful responses, by the end of the path. */
const BODIES: Record<string, Check> = {
  [SESSION]: (body) => body === null || isSession(body),
  "/sign-up/email": hasUser,
  "/sign-in/email": hasUser,
  "/sign-out": isSuccess,
  "/request-password-reset": isDone,
  "/reset-password": isDone,
  "/send-verification-email": isDone,
  "/update-user": isDone,
  "/change-email": isDone,
  "/change-password": hasUser,
  "/delete-user": objectOf({ success: isTrue, message: isString }),
  "/list-sessions": arrayOf(isDevice),
  "/revoke-session": isDone,
  "/revoke-other-sessions": isDone,
  "/token": objectOf({ token: isString }),
};

const isError = objectOf({ message: isString, code: optional(isString) });

/**
 * Returns a response to a request for `url` if auth-service may have sent it. Otherwise, returns a
 * response without a body, and with the status 502 unless the status already reports a failure.
 */
export async function checked(url: string | URL, response: Response): Promise<Response> {
  const { status, headers } = response;
  if (await isExpected(new URL(url, window.location.origin).pathname, response)) return response;
  const isFailure = status >= 500 || status === 429;
  return new Response(null, isFailure ? { status, headers } : { status: 502 });
}

async function isExpected(path: string, response: Response): Promise<boolean> {
  // A missing session is not an error of this endpoint.
  if (response.status === 401 && path.endsWith(SESSION)) return false;
  if (!response.headers.get("content-type")?.startsWith("application/json")) return false;
  try {
    const body: unknown = await response.clone().json();
    const name = Object.keys(BODIES).find((end) => path.endsWith(end));
    return response.ok ? name !== undefined && BODIES[name]?.(body) === true : isError(body);
  } catch {
    return false;
  }
}
