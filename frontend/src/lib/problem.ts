// An error: a message for the user, and the fields that caused it.

import { t } from "./i18n";

export interface Problem {
  /** The HTTP status, or 0 without a response. */
  status: number;
  message: string;
  code?: string | undefined;
  /** Errors by field name; a form displays those of its own fields. */
  fields: Record<string, string>;
  /** Seconds until a retry makes sense. */
  retryAfter?: number | undefined;
}

/** A problem as an exception. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/**
 * Returns the problem that a thrown `ProblemError` contains. Any other value counts as a request
 * without a response.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return unreachable(t().unreachable.any);
}

/** Returns whether a retry may succeed: there was no response, or the service failed. */
export function isTemporary(error: unknown): boolean {
  const { status } = problemOf(error);
  return status === 0 || status >= 500;
}

/** Returns the message with a final punctuation mark, so that another sentence can follow. */
export const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

export function unreachable(message: string): Problem {
  return { status: 0, message, fields: {} };
}

/** The longest wait before a retry, in seconds. A timer of more than 24 days would end at once. */
const LONGEST_WAIT = 86_400;

/** Returns the number of seconds until a retry makes sense, from the headers of either service. */
export function readRetryAfter(headers: Headers): number | undefined {
  const seconds = Number(headers.get("x-retry-after") ?? headers.get("retry-after") ?? "");
  return Number.isFinite(seconds) && seconds > 0
    ? Math.min(Math.ceil(seconds), LONGEST_WAIT)
    : undefined;
}
