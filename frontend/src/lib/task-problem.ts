// The errors of the task API: problem details (RFC 9457) with a code and, for input, its mistakes.

import { type Problem, readRetryAfter } from "./problem";

interface Details {
  detail?: string | undefined;
  code?: string | undefined;
  errors?: { loc: readonly (string | number)[]; msg: string }[] | undefined;
}

export function problemOfTasks(body: unknown, response: Response): Problem {
  const details: Details = typeof body === "object" && body !== null ? body : {};
  const fields: Record<string, string> = {};
  for (const { loc, msg } of details.errors ?? []) {
    fields[String(loc.at(-1))] ??= `${msg}.`;
  }
  return {
    status: response.status,
    code: details.code,
    message: explain(response.status, details),
    fields,
    retryAfter: readRetryAfter(response.headers),
  };
}

function explain(status: number, { detail }: Details): string {
  switch (status) {
    case 401:
      return "You are signed out. Sign in to go on.";
    case 403:
      return "This task belongs to somebody else.";
    case 404:
      return "This task no longer exists.";
    case 429:
      return "That was too much at once. Try again in a moment.";
    case 503:
      return "The task service is not ready. Try again in a moment.";
    default:
      return detail ?? `The task service could not do this (${status}).`;
  }
}
