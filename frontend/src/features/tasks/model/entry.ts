// A change to a task that is not confirmed yet.

import type { Problem } from "../../../lib/problem";
import type { Task, TaskChange } from "./task";

export type Write =
  | { kind: "create"; title: string; description?: string; createdAt: string }
  /** `base` has the changed fields as the user saw them, to detect changes made elsewhere. */
  | { kind: "update"; taskId: string; change: TaskChange; base: TaskChange }
  | { kind: "delete"; taskId: string; title: string };

export interface Entry {
  /** Also the idempotency key of a create. */
  readonly id: string;
  readonly write: Write;
  /**
   * `held`: a deletion that can still be undone; `waiting`: to be sent or retried; `failed`: refused,
   * until the user retries or discards it.
   */
  readonly state: "held" | "waiting" | "sending" | "failed";
  /** Why the last attempt failed. */
  readonly problem?: Problem;
  /** The task on the server, if it was changed elsewhere meanwhile. */
  readonly theirs?: Task;
}

export const entryOf = (id: string, write: Write): Entry => ({ id, write, state: "waiting" });

/** Creates are sent in order, to preserve the order of the list; so are the writes to each task. */
export const laneOf = ({ write }: Pick<Entry, "write">): string =>
  write.kind === "create" ? "create" : write.taskId;
