// A change to a task that is not confirmed yet.

import type { Problem } from "../../../lib/problem";
import type { Task, TaskChange } from "./task";

export type Write =
  | { kind: "create"; title: string; description?: string; createdAt: string }
  /** `base` contains the changed fields as the user saw them, to detect changes made elsewhere. */
  | { kind: "update"; taskId: string; change: TaskChange; base: TaskChange }
  | { kind: "delete"; taskId: string; title: string };

export interface Entry {
  /** Id of the entry, which is also the idempotency key of a create. */
  readonly id: string;
  readonly write: Write;
  /**
   * `held`: a deletion that can still be undone; `waiting`: to be sent or retried; `failed`:
   * rejected, and kept until the user retries or discards it.
   */
  readonly state: "held" | "waiting" | "sending" | "failed";
  /** Reason why the last attempt failed. */
  readonly problem?: Problem;
  /** The task on the server, if it was changed elsewhere meanwhile. */
  readonly theirs?: Task;
}

export const entryOf = (id: string, write: Write): Entry => ({ id, write, state: "waiting" });

/**
 * Returns the lane of a write. Writes in the same lane are sent in order: all creates, which
 * preserves the order of the list, and all writes to the same task.
 */
export const laneOf = ({ write }: Pick<Entry, "write">): string =>
  write.kind === "create" ? "create" : write.taskId;
