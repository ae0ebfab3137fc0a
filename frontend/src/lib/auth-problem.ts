// The errors of auth-service: flat objects with a message, mostly a code, and never a field.

import type { Problem } from "./problem";

export interface AuthError {
  status: number;
  statusText?: string | undefined;
  message?: string | undefined;
  code?: string | undefined;
}

interface Explanation {
  message: string;
  /** The fields that may have caused it, by the names that forms give them. */
  fields?: string[];
}

const NEW_PASSWORD = ["newPassword", "password"];

const EXPLANATIONS: Record<string, Explanation> = {
  INVALID_EMAIL_OR_PASSWORD: {
    message: "The address or the password is not right.",
    fields: ["password"],
  },
  INVALID_EMAIL: { message: "This is not a complete e-mail address.", fields: ["email"] },
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: {
    message: "There is an account with this address already.",
    fields: ["email"],
  },
  FAILED_TO_CREATE_USER: {
    message: "There is an account with this address already.",
    fields: ["email"],
  },
  PASSWORD_TOO_SHORT: { message: "Use at least 8 characters.", fields: NEW_PASSWORD },
  PASSWORD_TOO_LONG: { message: "Use at most 128 characters.", fields: NEW_PASSWORD },
  INVALID_PASSWORD: {
    message: "This is not your password.",
    fields: ["currentPassword", "password"],
  },
  EMAIL_NOT_VERIFIED: { message: "Verify your address first: open the link in the mail." },
  INVALID_TOKEN: { message: "This link is no longer valid. Ask for a new one." },
  TOKEN_EXPIRED: { message: "This link has expired. Ask for a new one." },
  USER_NOT_FOUND: { message: "The account of this link no longer exists." },
  INVALID_USER: { message: "This link belongs to another account. Sign in as that one first." },
  SESSION_NOT_FRESH: { message: "You signed in a while ago. Sign in again to go on." },
  SESSION_EXPIRED: { message: "You signed in a while ago. Sign in again to go on." },
  UNAUTHORIZED: { message: "You are signed out. Sign in to go on." },
  EMAIL_ALREADY_VERIFIED: { message: "Your address is verified already." },
  CHANGE_EMAIL_DISABLED: { message: "Addresses cannot be changed here." },
  RESET_PASSWORD_DISABLED: { message: "Passwords cannot be reset by mail here." },
  VERIFICATION_EMAIL_NOT_ENABLED: { message: "Addresses cannot be verified here." },
  EMAIL_PASSWORD_SIGN_UP_DISABLED: { message: "New accounts cannot be made here." },
  INVALID_ORIGIN: { message: "The service does not trust this page's address." },
  MISSING_OR_NULL_ORIGIN: { message: "The service does not trust this page's address." },
};

/** The answers that come without a code, by their messages. */
const WITHOUT_CODE: Record<string, Explanation> = {
  "Email is the same": { message: "This is your address already.", fields: ["newEmail"] },
};

/** `[body.email] Invalid email address`, of which there may be several. */
const SCHEMA_ERROR = /\[body\.(\w+)\] ([^;]+)/g;

export function problemOfAuth(error: AuthError, retryAfter?: number): Problem {
  const { status, code, message = "" } = error;
  if (status === 429) {
    const wait = retryAfter ?? 10;
    return { status, code, message: "Too many tries.", fields: {}, retryAfter: wait };
  }
  if (code === "VALIDATION_ERROR") return validation(status, message);
  const explanation = code ? EXPLANATIONS[code] : WITHOUT_CODE[message];
  if (explanation) {
    const fields = (explanation.fields ?? []).map((name) => [name, explanation.message]);
    return { status, code, message: explanation.message, fields: Object.fromEntries(fields) };
  }
  return { status, code, message: message || explain(status), fields: {} };
}

/** What the code in a mailed link's address means. */
export function explainLink(code: string): string {
  return (EXPLANATIONS[code] ?? EXPLANATIONS.INVALID_TOKEN)?.message ?? code;
}

function validation(status: number, text: string): Problem {
  const fields: Record<string, string> = {};
  for (const [, name = "", message = ""] of text.matchAll(SCHEMA_ERROR)) {
    const isAddress = message.startsWith("Invalid email");
    fields[name] ??= isAddress ? "This is not a complete e-mail address." : message;
  }
  return { status, code: "VALIDATION_ERROR", message: "Some of this cannot be used.", fields };
}

function explain(status: number): string {
  if (status === 404) return "This is switched off here.";
  return `The service could not do this (${status}). Try again in a moment.`;
}
