// The errors of the task API: problem details (RFC 9457) with a code and, for invalid input, field
// errors.

import { t } from "../../../lib/i18n";
import { type Problem, readRetryAfter, sentence } from "../../../lib/problem";
import { arrayOf, isString, objectOf, optional } from "../../../lib/shape";

interface Details {
  detail?: string | undefined;
  code?: string | undefined;
  errors?: { loc: readonly (string | number)[]; msg: string }[] | undefined;
}

export function problemOfTasks(body: unknown, response: Response): Problem {
  const details: Details = isDetails(body) ? body : {};
  const fields: Record<string, string> = {};
  for (const { loc, msg } of details.errors ?? []) {
    fields[String(loc.at(-1))] ??= sentence(msg);
  }
  const { code } = details;
  const { status } = response;
  return {
    status: isForeign(status, code) ? 502 : status,
    code,
    message: isForeign(status, code) ? t().problems.taskFailed(status) : explain(status, details),
    fields,
    retryAfter: readRetryAfter(response.headers),
  };
}

function isDetails(body: unknown): body is Details {
  return objectOf({
    detail: optional(isString),
    code: optional(isString),
    errors: optional(arrayOf(objectOf({ loc: Array.isArray, msg: isString }))),
  })(body);
}

/** The service's error codes for the statuses that say something about the user or a task. */
const CODES: Record<number, string> = {
  401: "invalid_token",
  403: "forbidden",
  404: "task_not_found",
};

/**
 * Returns whether a response has one of these statuses without the service's code, and thus comes
 * from a proxy, for example while the service restarts. Such a response says nothing about the user
 * or a task, and counts as a failure of the service.
 */
const isForeign = (status: number, code: string | undefined): boolean =>
  status in CODES && CODES[status] !== code;

function explain(status: number, { detail }: Details): string {
  switch (status) {
    case 401:
      return t().problems.notAccepted;
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
