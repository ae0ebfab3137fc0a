// The outcome of the first attempt to send a write to a task.

import type { Problem } from "../../../lib/problem";
import type { Task, TaskChange } from "./task";

export type Outcome =
  | { kind: "done"; task: Task | undefined }
  /** The write stays in the outbox and will be retried. */
  | { kind: "kept"; problem: Problem }
  /** `base` contains the changed fields as the user saw them before any unsaved change. */
  | { kind: "failed"; id: string; problem: Problem; base: TaskChange; theirs?: Task };
