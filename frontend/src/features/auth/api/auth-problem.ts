// The errors of auth-service: flat objects with a message and usually a code, but no property that
// names a form field.

import { t } from "../../../lib/i18n";
import { PASSWORD_MAX, PASSWORD_MIN } from "../../../lib/limits";
import type { Messages } from "../../../lib/messages/en";
import { type Problem, sentence } from "../../../lib/problem";

export interface AuthError {
  status: number;
  statusText?: string | undefined;
  message?: string | undefined;
  code?: string | undefined;
}

interface Explanation {
  message: string;
  /** Names of the form fields that may have caused the error. */
  fields?: string[];
}

const NEW_PASSWORD = ["newPassword", "password"];

const explanations = (p: Messages["problems"]): Record<string, Explanation> => ({
  INVALID_EMAIL_OR_PASSWORD: {
    message: p.wrongCredentials,
    fields: ["password"],
  },
  INVALID_EMAIL: { message: p.badEmail, fields: ["email"] },
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: {
    message: p.taken,
    fields: ["email"],
  },
  FAILED_TO_CREATE_USER: {
    message: p.taken,
    fields: ["email"],
  },
  PASSWORD_TOO_SHORT: { message: p.tooShort(PASSWORD_MIN), fields: NEW_PASSWORD },
  PASSWORD_TOO_LONG: { message: p.tooLong(PASSWORD_MAX), fields: NEW_PASSWORD },
  PASSWORD_COMPROMISED: { message: p.tooCommon, fields: NEW_PASSWORD },
  INVALID_PASSWORD: {
    message: p.wrongPassword,
    fields: ["currentPassword", "password"],
  },
  EMAIL_NOT_VERIFIED: { message: p.notVerified },
  BANNED_USER: { message: p.banned },
  INVALID_TOKEN: { message: p.badLink },
  TOKEN_EXPIRED: { message: p.expiredLink },
  USER_NOT_FOUND: { message: p.noAccount },
  INVALID_USER: { message: p.otherAccount },
  SESSION_NOT_FRESH: { message: p.notFresh },
  SESSION_EXPIRED: { message: p.notFresh },
  UNAUTHORIZED: { message: p.signedOut },
  EMAIL_ALREADY_VERIFIED: { message: p.alreadyVerified },
  CHANGE_EMAIL_DISABLED: { message: p.noEmailChange },
  RESET_PASSWORD_DISABLED: { message: p.noReset },
  VERIFICATION_EMAIL_NOT_ENABLED: { message: p.noVerification },
  EMAIL_PASSWORD_SIGN_UP_DISABLED: { message: p.noSignUp },
  INVALID_ORIGIN: { message: p.untrusted },
  MISSING_OR_NULL_ORIGIN: { message: p.untrusted },
});

/** Returns the explanations of errors without a code, by their messages. */
const withoutCode = (p: Messages["problems"]): Record<string, Explanation> => ({
  "Email is the same": { message: p.sameEmail, fields: ["newEmail"] },
});

/** Matches each error in a message such as `[body.email] Invalid email address; …`. */
const SCHEMA_ERROR = /\[body\.(\w+)\] ([^;]+)/g;

export function problemOfAuth(error: AuthError, retryAfter?: number): Problem {
  const { status, code, message = "" } = error;
  if (status === 429) {
    const wait = retryAfter ?? 10;
    return { status, code, message: t().problems.tooManyTries, fields: {}, retryAfter: wait };
  }
  if (code === "VALIDATION_ERROR") return validation(status, message);
  const explanation = code ? explanations(t().problems)[code] : withoutCode(t().problems)[message];
  if (explanation) {
    const fields = (explanation.fields ?? []).map((name) => [name, explanation.message]);
    return { status, code, message: explanation.message, fields: Object.fromEntries(fields) };
  }
  return { status, code, message: message ? sentence(message) : explain(status), fields: {} };
}

/** Returns the message for the error code of a mailed link that does not work. */
export function explainLink(code: string): string {
  return explanations(t().problems)[code]?.message ?? t().problems.badLink;
}

function validation(status: number, text: string): Problem {
  const fields: Record<string, string> = {};
  for (const [, name = "", message = ""] of text.matchAll(SCHEMA_ERROR)) {
    const isAddress = message.startsWith("Invalid email");
    fields[name] ??= isAddress ? t().problems.badEmail : sentence(message);
  }
  return { status, code: "VALIDATION_ERROR", message: t().problems.invalid, fields };
}

function explain(status: number): string {
  if (status === 404) return t().problems.off;
  return t().problems.failed(status);
}
