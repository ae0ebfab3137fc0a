// The settings of the deployment. They are provided by the server, so that one build works in every
// deployment.

import { t } from "./i18n";
import { ProblemError, unreachable } from "./problem";

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
  const body: unknown = response.ok ? await response.json() : undefined;
  if (typeof body === "object" && body && "tasksUrl" in body && typeof body.tasksUrl === "string") {
    return {
      tasksUrl: body.tasksUrl || window.location.origin,
      deletesTasks: "deletesTasks" in body && body.deletesTasks === true,
    };
  }
  throw new ProblemError(unreachable(t().unreachable.settings));
}
