// A change to a task that the server has not confirmed yet.

import type { Problem } from "../../../lib/problem";
import { fieldsOf, type Task, type TaskChange, type TextFields } from "./task";

export type Write =
  | { kind: "create"; title: string; description?: string; createdAt: string }
  /**
   * `base` contains the changed fields as the user saw them, to detect changes made elsewhere.
   * `title` is the title of the task, which is shown if the task can no longer be loaded.
   */
  | { kind: "update"; taskId: string; change: TaskChange; base: TaskChange; title?: string }
  /**
   * `seen` contains the text of the task as the user may have seen it, to detect changes made
   * elsewhere.
   */
  | { kind: "delete"; taskId: string; title: string; seen?: readonly TextFields[] };

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
  /** The task on the server, if a change made elsewhere conflicts with this one. */
  readonly theirs?: Task;
}

export const entryOf = (id: string, write: Write): Entry => ({ id, write, state: "waiting" });

/**
 * Returns the lane of a write. Writes in the same lane are sent in order. There is one lane for all
 * creates, which preserves the order of the list, and one for the other writes to each task.
 */
export const laneOf = ({ write }: Pick<Entry, "write">): string =>
  write.kind === "create" ? "create" : write.taskId;

/** Returns a write that replaces or deletes `theirs`, which the user has seen now. */
export function overwriting(write: Write, theirs: Task): Write {
  switch (write.kind) {
    case "create":
      return write;
    case "update":
      return { ...write, base: fieldsOf(theirs, write.change) };
    case "delete":
      return { ...write, seen: [theirs] };
  }
}

/**
 * Removes each field of a refused change that a later change of the same task contains as well,
 * since only the later value is to be saved. The value before the refused change becomes the `base`
 * of the later one.
 */
export function superseded(entries: readonly Entry[]): readonly Entry[] {
  let result = entries;
  for (const { id, state, write } of entries) {
    if (state === "failed" && write.kind === "update") result = withoutOld(result, id);
  }
  return result;
}

function withoutOld(entries: readonly Entry[], id: string): readonly Entry[] {
  const index = entries.findIndex((entry) => entry.id === id);
  const entry = entries[index];
  if (entry?.write.kind !== "update") return entries;
  let { change, base } = entry.write;
  const { taskId } = entry.write;
  const later = entries.slice(index + 1).map((other): Entry => {
    const { write } = other;
    if (write.kind !== "update" || write.taskId !== taskId) return other;
    const old = fieldsIn(base, write.change);
    if (Object.keys(old).length === 0) return other;
    change = fieldsNotIn(change, write.change);
    base = fieldsNotIn(base, write.change);
    return { ...other, write: { ...write, base: { ...write.base, ...old } } };
  });
  const count = Object.keys(change).length;
  if (count === Object.keys(entry.write.change).length) return entries;
  const left = { ...entry, write: { ...entry.write, change, base } };
  return [...entries.slice(0, index), ...(count === 0 ? [] : [left]), ...later];
}

const fieldsIn = (fields: TaskChange, others: TaskChange): TaskChange =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name in others));

const fieldsNotIn = (fields: TaskChange, others: TaskChange): TaskChange =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in others)));
