// Changes to tasks. They are displayed immediately, and stored until the server confirms them.

import { useMemo, useSyncExternalStore } from "react";
import { t } from "../../../lib/i18n";
import { notices } from "../../../lib/notices";
import type { Entry, Write } from "../model/entry";
import type { Outcome } from "../model/outcome";
import {
  fieldsOf,
  rowId,
  type Task,
  type TaskChange,
  type TextFields,
  withoutConflicts,
} from "../model/task";
import { isDraft, overlay } from "../model/task-overlay";
import { ALL_TASKS, type View } from "../model/task-view";
import { checkDeletion, outbox, put } from "../model/unsent";
import { cachedTask, readAll, refresh } from "./use-tasks";

/** Returns the user's unsent changes, except those of other open tabs. */
export function useUnsent(): readonly Entry[] {
  return useSyncExternalStore(outbox.subscribe, outbox.list);
}

export function addTask(title: string, description?: string): void {
  const createdAt = new Date().toISOString();
  outbox.add({
    kind: "create",
    title,
    createdAt,
    ...(description === undefined ? {} : { description }),
  });
}

/** Changes a task. `task` is the state that the user saw. */
export function changeTask(task: Task, change: TaskChange): void {
  outbox.add(updateOf(task, change, fieldsOf(task, change)));
}

/**
 * Saves a change. The promise resolves with the outcome of the first attempt to send it, so that a
 * form can wait for it. A rejected change is kept until it is retried or discarded.
 */
export function saveTask(task: Task, change: TaskChange, base: TaskChange): Promise<Outcome> {
  return outbox.submit(updateOf(task, change, base));
}

function updateOf({ id, title }: Task, change: TaskChange, base: TaskChange): Write {
  return { kind: "update", taskId: id, change, base, title: cachedTask(id)?.title ?? title };
}

/** Drops a rejected change whose values are still in a form. */
export function discardChange(id: string): void {
  outbox.discard(id);
}

/** Returns the text of a task as the user sees it, and as it was before each unsent change. */
function versionsOf(task: Task): TextFields[] {
  const bases = outbox
    .list()
    .flatMap(({ write }) =>
      write.kind === "update" && write.taskId === task.id ? write.base : [],
    );
  return [{}, ...bases].map((base) => {
    const { title, description } = { ...task, ...base };
    return { title, description };
  });
}

/** Hides a task immediately, and deletes it when the deletion can no longer be undone. */
export function removeTask(task: Task): void {
  removeTasks([task], t().tasks.deleted(task.title));
}

/**
 * Hides tasks immediately, and shows `text` as a notice whose undo action restores all of them.
 * When the notice closes, the tasks are deleted.
 */
export function removeTasks(tasks: readonly Task[], text: string): void {
  const deletions = tasks.map((task) => {
    const { id, title } = task;
    const seen = versionsOf(task);
    void checkDeletion(id, seen).catch(() => undefined);
    return outbox.add({ kind: "delete", taskId: id, title, seen }, "held");
  });
  const [first] = tasks;
  notices.show({
    kind: "info",
    text,
    action: {
      label: t().tasks.undo,
      isUndo: true,
      run: () => deletions.forEach((id) => void outbox.discard(id)),
      ...(first && { focus: rowId(first) }),
    },
    onGone: () => deletions.forEach((id) => void outbox.release(id)),
  });
}

const DONE: View = { ...ALL_TASKS, filter: "done" };

/** Deletes all tasks that are completed, counting unsent changes, and returns their number. */
export async function removeDone(): Promise<number> {
  const tasks = await readAll(DONE);
  const done = overlay(tasks, outbox.list(), DONE, cachedTask)
    .map(({ task }) => task)
    .filter((task) => task.completed && !isDraft(task));
  if (done.length > 0) removeTasks(done, t().tasks.deletedDone(done.length));
  return done.length;
}

/** The user's options for a change that was not saved. */
export interface UnsentActions {
  retry(entry: Entry): void;
  discard(entry: Entry): void;
  overwrite(entry: Entry): void;
  /** Uses the server's version of the fields in conflict. Other changed fields are still saved. */
  takeTheirs(entry: Entry): void;
  recreate(entry: Entry): void;
}

const actions: UnsentActions = {
  retry: ({ id }) => outbox.release(id),
  discard({ id, problem }) {
    outbox.discard(id);
    // The change may have been applied although its response was lost.
    if (problem) refresh();
  },
  overwrite: ({ id }) => outbox.overwrite(id),
  takeTheirs({ id, theirs, write }) {
    if (!theirs || write.kind !== "update") return;
    put(theirs);
    outbox.discard(id);
    const rest = withoutConflicts(theirs, write.change, write.base);
    if (Object.keys(rest).length > 0) changeTask(theirs, rest);
  },
  recreate({ id, write }) {
    if (write.kind === "delete") return;
    const { title, description } =
      write.kind === "create"
        ? write
        : { ...write, ...cachedTask(write.taskId), ...write.base, ...write.change };
    addTask(title ?? t().tasks.untitled, description ?? undefined);
    outbox.discard(id);
  },
};

export function useUnsentActions(): UnsentActions {
  return useMemo(() => actions, []);
}
