// The interface through which the outbox sends writes, and the meaning of failures.

import type { Problem } from "../../../lib/problem";
import type { Entry, Write } from "./entry";
import type { Task } from "./task";

export interface Transport {
  /**
   * Sends a write, and returns the resulting task, or `undefined` for a deletion. Throws a
   * `ConflictError` if a change made elsewhere conflicts with the write.
   */
  send(id: string, write: Write): Promise<Task | undefined>;
  /** Called for a confirmed write before its entry is removed. */
  confirmed(entry: Entry, task: Task | undefined): void;
}

/**
 * Thrown if a field that the user changed was also changed elsewhere, to another value, or if the
 * text of a task that the user deleted was changed elsewhere.
 */
export class ConflictError extends Error {
  constructor(readonly theirs: Task) {
    super("The task was changed elsewhere.");
  }
}

/**
 * Returns whether the same request may succeed later, because the service is unreachable, not ready
 * or busy.
 */
export const isRetried = ({ status }: Problem): boolean =>
  status === 0 || status === 429 || status === 502 || status === 503 || status === 504;
