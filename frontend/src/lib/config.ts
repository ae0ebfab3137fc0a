// Where the task API is. The server that the page came from knows, so one build runs anywhere.

import { ProblemError, unreachable } from "./problem";

interface Config {
  tasksUrl: string;
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
    return { tasksUrl: body.tasksUrl || window.location.origin };
  }
  throw new ProblemError(unreachable("The page does not know where the tasks are kept."));
}
