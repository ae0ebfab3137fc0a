// The errors of the task API: problem details (RFC 9457) with a code and, for invalid input, field
// errors.

import { t } from "../../../lib/i18n";
import { type Problem, readRetryAfter, sentence } from "../../../lib/problem";

interface Details {
  detail?: string | undefined;
  code?: string | undefined;
  errors?: { loc: readonly (string | number)[]; msg: string }[] | undefined;
}

export function problemOfTasks(body: unknown, response: Response): Problem {
  const details: Details = typeof body === "object" && body !== null ? body : {};
  const fields: Record<string, string> = {};
  for (const { loc, msg } of details.errors ?? []) {
    fields[String(loc.at(-1))] ??= sentence(msg);
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
      return t().problems.signedOut;
    case 403:
      return t().problems.foreignTask;
    case 404:
      return t().problems.missingTask;
    case 429:
      return t().problems.busy;
    case 503:
      return t().problems.notReady;
    default:
      return detail ? sentence(detail) : t().problems.taskFailed(status);
  }
}
