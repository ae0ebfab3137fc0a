// The settings of the deployment. They are provided by the server, so that one build works in every
// deployment.

import { t } from "./i18n";
import { ProblemError, unreachable } from "./problem";
import { isBoolean, isString, objectOf } from "./shape";

interface Config {
  tasksUrl: string;
  /** Whether the tasks of a deleted account are deleted as well. */
  deletesTasks: boolean;
}

let loading: Promise<Config> | undefined;

export function config(): Promise<Config> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Config> {
  const response = await fetch("/config.json");
  const body: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (isConfig(body)) return { ...body, tasksUrl: body.tasksUrl || window.location.origin };
  throw new ProblemError(unreachable(t().unreachable.settings));
}

function isConfig(body: unknown): body is Config {
  const isUrl = (value: unknown) => isString(value) && (value === "" || URL.canParse(value));
  return objectOf({ tasksUrl: isUrl, deletesTasks: isBoolean })(body);
}
