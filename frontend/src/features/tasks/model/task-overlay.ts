// The displayed list: the server's tasks with the user's unsent changes applied.

import { t } from "../../../lib/i18n";
import type { Entry } from "./entry";
import type { Task } from "./task";
import { comesBefore, matches, matchesFilter, matchesSearch, type View } from "./task-view";

/** A displayed task and, if it has unsent changes, the change whose state is displayed. */
export interface Row {
  key: string;
  task: Task;
  unsent?: Entry;
}

/** Returns whether a task has not been created on the server yet. */
export const isDraft = ({ id }: Pick<Task, "id">): boolean => id.startsWith("draft-");

/**
 * Returns the rows for `tasks`, preceded by new tasks and by other tasks with a failed change. A
 * task without unsent changes keeps its object. `find` looks up tasks of other lists, because an
 * unsent change may move them to this list. `edited` contains the original titles of the tasks
 * whose titles are being edited, by id. Their rows stay even if the tasks leave the list.
 */
export function overlay(
  tasks: readonly Task[],
  entries: readonly Entry[],
  view: View,
  find: (id: string) => Task | undefined = () => undefined,
  edited: ReadonlyMap<string, string> = new Map(),
): Row[] {
  const drafts = entries
    .flatMap((entry) => draftOf(entry) ?? [])
    .filter((row) => matchesSearch(row.task, view) || row.unsent?.problem !== undefined)
    .reverse();
  const changes = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { write } = entry;
    if (write.kind === "create") continue;
    changes.set(write.taskId, [...(changes.get(write.taskId) ?? []), entry]);
  }
  const known = tasks.flatMap((task): Row[] => {
    const own = changes.get(task.id);
    if (!own) return matchesFilter(task, view) ? [{ key: task.id, task }] : [];
    const row = withChanges(task, own);
    return row && (matchesFilter(row.task, view) || isStuck(row)) ? [row] : [];
  });
  const listed = new Set(changes.size === 0 ? [] : tasks.map(({ id }) => id));
  const stuck: Row[] = [];
  for (const [id, own] of changes) {
    if (listed.has(id)) continue;
    const task = find(id);
    const row = withChanges(task ?? standIn(id, own), own);
    if (row && isStuck(row)) stuck.push(row);
    else if (row && task && !matches(task, view) && matches(row.task, view)) {
      insert(known, row, view);
    }
  }
  const added = view.filter === "done" ? drafts.filter(isStuck) : drafts;
  const rows = [...added, ...stuck, ...known];
  if (edited.size === 0) return rows;
  const shown = new Set(rows.map(({ task }) => task.id));
  const left = [...edited].flatMap(([id, title]) => {
    if (shown.has(id)) return [];
    const task = tasks.find((task) => task.id === id) ?? find(id);
    return withUnsent(task ?? unknownTask(id, { title }), entries) ?? [];
  });
  return [...left, ...rows];
}

/**
 * Returns the number of tasks in a view, or `undefined` if a task is being deleted that may be on a
 * page that is not loaded. `total` is the server's number, which includes tasks on pages that are
 * not loaded, but not the unsent changes. `tasks`, `entries`, `view` and `find` are those of
 * `overlay`. Rows that are displayed only because they are edited or need a decision do not count.
 */
export function countOf(
  total: number,
  tasks: readonly Task[],
  rows: readonly Row[],
  entries: readonly Entry[],
  view: View,
  find: (id: string) => Task | undefined,
): number | undefined {
  const listed = new Set(tasks.map(({ id }) => id));
  const isUnlisted = ({ write, state }: Entry) =>
    write.kind === "delete" && state !== "failed" && !listed.has(write.taskId);
  if (tasks.length < total && entries.some(isUnlisted)) return undefined;
  /** Returns whether unsent changes create a task or move it into the view. */
  const isAdded = (task: Task) => {
    const known = find(task.id);
    return matches(task, view) && (known ? !matches(known, view) : isDraft(task));
  };
  const inView = rows.filter(({ task }) =>
    listed.has(task.id) ? matchesFilter(task, view) : isAdded(task),
  );
  return total - tasks.length + inView.length;
}

/** Returns a stand-in with the `known` fields of a task that was deleted or is not loaded. */
export const unknownTask = (id: string, known: Partial<Task> = {}): Task => ({
  id,
  title: t().tasks.unknownTitle,
  description: null,
  completed: false,
  created_at: "",
  updated_at: "",
  user_id: "",
  ...known,
});

/** Returns whether a task was loaded or is new, that is, whether it is not an `unknownTask`. */
export const isLoaded = ({ created_at }: Task): boolean => created_at !== "";

/** Returns a stand-in for a task, with its title and fields as the unsent changes contain them. */
function standIn(id: string, entries: readonly Entry[]): Task {
  const task = unknownTask(id);
  for (const { theirs, write } of entries) {
    if (write.kind === "create") continue;
    if (write.title !== undefined) task.title = write.title;
    if (write.kind === "update") Object.assign(task, write.base, theirs);
  }
  return task;
}

function insert(rows: Row[], row: Row, view: View): void {
  const index = rows.findIndex(({ task }) => comesBefore(row.task, task, view));
  rows.splice(index === -1 ? rows.length : index, 0, row);
}

/** Returns whether a task has an unconfirmed deletion that has not failed. */
export const isLeaving = (id: string, entries: readonly Entry[]): boolean =>
  entries.some(
    ({ write, state }) => write.kind === "delete" && write.taskId === id && state !== "failed",
  );

/** Returns the row of a task with its unsent changes, or `undefined` if it is being deleted. */
export function withUnsent(task: Task, entries: readonly Entry[]): Row | undefined {
  const own = entries.filter(({ write }) => write.kind !== "create" && write.taskId === task.id);
  return own.length === 0 ? { key: task.id, task } : withChanges(task, own);
}

function withChanges(task: Task, entries: readonly Entry[]): Row | undefined {
  let shown = task;
  let unsent: Entry | undefined;
  for (const entry of entries) {
    if (entry.write.kind === "delete") {
      if (entry.state !== "failed") return undefined;
      unsent = entry;
    } else if (entry.write.kind === "update") {
      shown = { ...shown, ...entry.write.change };
      if (unsent?.state !== "failed") unsent = entry;
    }
  }
  return unsent ? { key: task.id, task: shown, unsent } : { key: task.id, task: shown };
}

function draftOf(entry: Entry): Row | undefined {
  const { id, write } = entry;
  if (write.kind !== "create") return undefined;
  const { title, createdAt } = write;
  const task: Task = {
    id: `draft-${id}`,
    title,
    description: null,
    completed: false,
    created_at: createdAt,
    updated_at: createdAt,
    user_id: "",
  };
  return { key: id, task, unsent: entry };
}

/**
 * Returns whether a row needs a decision by the user. Such a row is displayed regardless of the
 * filter.
 */
const isStuck = ({ unsent }: Row): boolean => unsent?.state === "failed";
