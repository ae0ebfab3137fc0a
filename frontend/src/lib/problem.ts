// What went wrong, in words for people, and the field that caused it.

export interface Problem {
  /** The HTTP status, or 0 when nobody answered. */
  status: number;
  message: string;
  code?: string | undefined;
  /** Mistakes by the names of the fields that they belong to; a form shows those that it has. */
  fields: Record<string, string>;
  /** In how many seconds to try again. */
  retryAfter?: number | undefined;
}

/** A problem that is thrown. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** The problem of whatever was thrown: what is none of ours is a request that nobody answered. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return unreachable("The service cannot be reached. Check your connection and try again.");
}

/** Whether it may be over in a moment: nobody answered, or somebody who is not ready. */
export function isPassing(error: unknown): boolean {
  const { status } = problemOf(error);
  return status === 0 || status >= 500;
}

export function unreachable(message: string): Problem {
  return { status: 0, message, fields: {} };
}

/** Both services say how long a refused client should wait, in seconds. */
export function readRetryAfter(headers: Headers): number | undefined {
  const seconds = Number(headers.get("x-retry-after") ?? headers.get("retry-after") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : undefined;
}
