// The unsent changes and drafts of the signed-in user, and how changes are sent.

import { Drafts, type GoneDraft } from "../../../lib/drafts";
import { notices } from "../../../lib/notices";
import { ProblemError, problemOf } from "../../../lib/problem";
import { queryClient } from "../../../lib/query-client";
import { readSetting, writeSetting } from "../../../lib/setting";
import { BrowserStore } from "../../../lib/storage";
import { createTask, deleteTask, findTask, updateTask } from "../api/tasks";
import { ConfirmedChanges } from "./confirmed-changes";
import type { Entry, Write } from "./entry";
import { Outbox } from "./outbox";
import { StoredWrites } from "./stored-writes";
import { TabLocks } from "./tab-locks";
import {
  conflictsOf,
  isKnownText,
  type Task,
  type TaskChange,
  type TextFields,
  withoutConflicts,
} from "./task";
import { ConflictError, type Transport } from "./transport";

/** Maximum number of ids that a tab remembers, one for each time that it was loaded. */
const MOST_IDS = 20;
/** Maximum number of attempts to apply a change while other devices change the same task. */
const MERGES = 3;

const transport: Transport = {
  async send(id: string, write: Write): Promise<Task | undefined> {
    switch (write.kind) {
      case "create": {
        const { title, description } = write;
        const body = description === undefined ? { title } : { title, description };
        const { task, isReplayed } = await createTask(body, id);
        // A replayed response contains the task as it was created. The task may have been changed
        // or deleted since.
        return isReplayed ? (await findTask(task.id)).task : task;
      }
      case "update":
        return await merge(write.taskId, write.change, write.base);
      case "delete":
        await remove(write.taskId, write.seen);
        return undefined;
    }
  },
  confirmed({ write }: Entry, task: Task | undefined): void {
    if (write.kind === "delete") {
      confirmed.deleted(write.taskId);
      // Drafts are kept until the deletion is confirmed, because undoing it also restores unsaved
      // text.
      for (const kind of ["task", "title"]) drafts.set(`${kind}:${write.taskId}`, undefined);
    }
    if (task && write.kind === "create") confirmed.created(task);
    else if (task) confirmed.changed(task);
  },
};

const confirmed = new ConfirmedChanges(queryClient);
const store = new BrowserStore();
const locks = new TabLocks();
const earlier = readSetting("earlier-ids", "tab")?.split(" ") ?? [];
/** Tells the other tabs about drafts that were submitted or discarded. */
let channel: BroadcastChannel | undefined;
export const drafts = new Drafts(store, locks.id, earlier, (gone) => channel?.postMessage(gone));
export const outbox = new Outbox(new StoredWrites(store, locks), transport);

/**
 * Starts to send the unsent changes of closed tabs, and those of this tab when the network is
 * available again. Also stores the drafts again on focus, makes deletions final when the user signs
 * out in another tab, and handles the closing of the page.
 */
export function startSending(): void {
  writeSetting("earlier-ids", [locks.id, ...earlier].slice(0, MOST_IDS).join(" "), "tab");
  locks.start({
    closed: () => void outbox.adopt(),
    finishDeletions: () => notices.closeAll(),
  });
  channel = new BroadcastChannel("task-drafts");
  channel.onmessage = ({ data }: MessageEvent<GoneDraft>) => drafts.forget(data);
  window.addEventListener("online", () => outbox.resumeAll());
  window.addEventListener("focus", () => drafts.storeAgain());

  // Sends the deletions while the page is being closed, because they cannot be undone afterwards.
  // Deletions of tasks that `checkDeletion` has not checked stay stored.
  window.addEventListener("pagehide", () => {
    // A page restored from the back/forward cache must not offer to undo deletions.
    notices.closeAll();
    for (const { write, state } of outbox.list()) {
      const etag = write.kind === "delete" ? checked.get(write.taskId) : undefined;
      if (write.kind === "delete" && state !== "failed" && etag !== undefined) {
        void deleteTask(write.taskId, etag, true).catch(() => {});
      }
    }
  });

  window.addEventListener("beforeunload", (event) => {
    const isUnsent = ({ state, write }: Entry) => state !== "held" && write.kind !== "delete";
    if (outbox.list().some(isUnsent) || store.isLosing()) event.preventDefault();
  });
}

/** Tells whether the browser may fail to store unsent text, which is then lost with this tab. */
export const volatility = { subscribe: store.subscribe, get: store.hasFailed };

/** Waits for unsent text that is being stored, and returns whether it survives this tab. */
export const isPersistent = (): Promise<boolean> => store.isPersistent();

/** Sends all deletions that can still be undone, in every tab, before the session ends. */
export async function finishDeletions(): Promise<void> {
  notices.closeAll();
  locks.finishDeletions();
  await outbox.sendDeletions();
}

/**
 * Applies a change to the current state of a task. A change without title and notes is always sent.
 * Any other change is sent only if none of its fields was changed elsewhere to another value since
 * the user saw them. Otherwise, a `ConflictError` is thrown.
 */
async function merge(id: string, change: TaskChange, base: TaskChange): Promise<Task> {
  const isText = "title" in change || "description" in change;
  if (!isText) return await updateTask(id, change);
  for (let attempt = 1; ; attempt += 1) {
    const { task, etag } = await findTask(id);
    if (conflictsOf(task, change, base).length > 0) throw new ConflictError(task);
    // An earlier attempt, whose response was lost, may have applied the change.
    if (Object.keys(withoutConflicts(task, change, base)).length === 0) return task;
    try {
      return await updateTask(id, change, etag);
    } catch (error) {
      if (!hasStatus(error, 412) || attempt === MERGES) throw error;
    }
  }
}

/**
 * Entity tags of tasks to be deleted, by task id. The text of these versions is known to the user;
 * deleting another version would destroy text that was written elsewhere.
 */
const checked = new Map<string, string | undefined>();

/**
 * Stores the entity tag of a task that is to be deleted. Throws a `ConflictError` if the text of
 * the task is not in `seen`. Does nothing if the task does not exist.
 */
export async function checkDeletion(id: string, seen: readonly TextFields[]): Promise<void> {
  checked.delete(id);
  try {
    const { task, etag } = await findTask(id);
    if (!isKnownText(task, seen)) throw new ConflictError(task);
    checked.set(id, etag);
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
}

/** Deletes a task. Throws a `ConflictError` if `seen` is given but does not contain its text. */
async function remove(id: string, seen: readonly TextFields[] | undefined): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (seen && !checked.has(id)) await checkDeletion(id, seen);
      await deleteTask(id, checked.get(id));
      checked.delete(id);
      return;
    } catch (error) {
      if (error instanceof ConflictError) put(error.theirs);
      if (!hasStatus(error, 412) || attempt === MERGES) throw error;
      checked.delete(id);
    }
  }
}

const hasStatus = (error: unknown, status: number): boolean =>
  error instanceof ProblemError && problemOf(error).status === status;

/** Updates the cache with the confirmed state of a task. */
export function put(task: Task): void {
  confirmed.changed(task);
}
