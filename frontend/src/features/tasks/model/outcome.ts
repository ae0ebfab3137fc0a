// The outcome of a write to a task that was sent, or that waits in the outbox.

import type { Problem } from "../../../lib/problem";
import type { Task, TaskChange } from "./task";

export type Outcome =
  | { kind: "done"; task: Task | undefined }
  /** The write stays in the outbox and will be retried. */
  | { kind: "kept"; problem: Problem }
  /** `base` contains the changed fields as the user saw them before any unsaved change. */
  | { kind: "failed"; id: string; problem: Problem; base: TaskChange; theirs?: Task };
