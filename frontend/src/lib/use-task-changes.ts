// Changes to tasks: shown at once, sent one after the other, taken back with a message if refused.

import { useMutation } from "@tanstack/react-query";
import { useMemo } from "react";
import { deletions } from "./deletions";
import { notices } from "./notices";
import { isPassing, type Problem, problemOf } from "./problem";
import { queryClient } from "./session";
import { type Listing, undone, withFirst, withReplaced } from "./task-cache";
import {
  createTask,
  deleteTask,
  type Filter,
  type Task,
  type TaskChange,
  updateTask,
} from "./tasks";
import { LISTINGS, taskKey } from "./use-tasks";

/** One after the other, so that the last change to a task is the one that stays. */
const IN_ORDER = { id: "tasks" };

/** Where new tasks are shown. */
const OPEN_FILTERS: Filter[] = ["all", "open"];

let drafts = 0;

interface Creation {
  title: string;
  draft: Task;
  key: string;
}

interface Update {
  id: string;
  change: TaskChange;
}

export function useCreateTask() {
  const { mutate } = useMutation({
    scope: IN_ORDER,
    mutationFn: ({ title, key }: Creation) => createTask(title, key),
    // Whether the first one arrived does not matter.
    retry: (count, error) => count < 1 && isPassing(error),
    onMutate: async ({ draft }) => {
      await stopRefreshing();
      putFirst(draft, draft.id);
    },
    onSuccess: (task, { draft }) => putFirst(task, draft.id),
    onError: (error, { title, draft }) => {
      replaceListed(draft.id, () => undefined);
      const { fields, message } = problemOf(error);
      refuse(`“${title}” was not added. ${fields.title ?? message}`);
    },
  });
  return useMemo(
    () => (title: string) => mutate({ title, draft: draftOf(title), key: randomKey() }),
    [mutate],
  );
}

export function useUpdateTask() {
  const { mutate } = useMutation({
    scope: IN_ORDER,
    mutationFn: ({ id, change }: Update) => updateTask(id, change),
    onMutate: async ({ id, change }) => {
      await stopRefreshing();
      const before: { task?: Task } = {};
      replace(id, (task) => {
        before.task ??= task;
        return { ...task, ...change };
      });
      return before.task;
    },
    onSuccess: (task, { id }) => {
      // A later change of the same task is shown already.
      if (changesOf(id) <= 1) replace(id, () => task);
    },
    onError: (error, { id, change }, before) => {
      const { status, fields, message } = problemOf(error);
      if (status === 404) replaceListed(id, () => undefined);
      else if (before) replace(id, (task) => undone(task, change, before));
      refuse(`Your change was not saved. ${fields.title ?? fields.description ?? message}`);
    },
    meta: { isUpdate: true },
  });
  return useMemo(() => (id: string, change: TaskChange) => mutate({ id, change }), [mutate]);
}

/** Saves a change whose form waits for the outcome: what went wrong, if anything did. */
export async function saveTask(id: string, change: TaskChange): Promise<Problem | undefined> {
  try {
    const task = await updateTask(id, change);
    replace(id, () => task);
    return undefined;
  } catch (error) {
    return problemOf(error);
  }
}

/** Hides a task at once, and deletes it when the offer to undo that is gone. */
export function removeTask({ id, title }: Pick<Task, "id" | "title">): void {
  deletions.hide(id);
  notices.show({
    kind: "info",
    text: `Deleted “${title}”.`,
    action: { label: "Undo", run: () => deletions.show(id) },
    onGone: () => void remove(id, title),
  });
}

/** When the page is closed, nobody can undo any more. */
window.addEventListener("pagehide", () => {
  for (const id of deletions.hidden()) void deleteTask(id, true).catch(() => {});
});

async function remove(id: string, title: string): Promise<void> {
  try {
    await deleteTask(id);
    replaceListed(id, () => undefined);
    queryClient.removeQueries({ queryKey: taskKey(id) });
  } catch (error) {
    refuse(`“${title}” was not deleted. ${problemOf(error).message}`);
  }
  deletions.show(id);
}

/** What is on its way does not have the change yet. A listing that shows nothing yet still comes. */
function stopRefreshing(): Promise<void> {
  return queryClient.cancelQueries({
    queryKey: LISTINGS,
    predicate: ({ state }) => state.data !== undefined,
  });
}

/** Shows a new task in the place of its draft, or before all others. */
function putFirst(task: Task, draftId: string): void {
  for (const filter of OPEN_FILTERS) {
    queryClient.setQueryData<Listing>([...LISTINGS, filter], (listing) => {
      if (!listing) return listing;
      const replaced = withReplaced(listing, draftId, () => task);
      return replaced === listing ? withFirst(listing, task) : replaced;
    });
  }
}

function replaceListed(id: string, replacement: (task: Task) => Task | undefined): void {
  queryClient.setQueriesData<Listing>(
    { queryKey: LISTINGS },
    (listing) => listing && withReplaced(listing, id, replacement),
  );
}

function replace(id: string, replacement: (task: Task) => Task): void {
  replaceListed(id, replacement);
  queryClient.setQueryData<Task>(taskKey(id), (task) => task && replacement(task));
}

/** How many changes of a task are under way. */
function changesOf(id: string): number {
  return queryClient.isMutating({
    predicate: ({ state, meta }) =>
      meta?.isUpdate === true && (state.variables as Update | undefined)?.id === id,
  });
}

/** Not `randomUUID`, which is only there with https or on localhost. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function draftOf(title: string): Task {
  const now = new Date().toISOString();
  drafts += 1;
  return {
    id: `draft-${drafts}`,
    title,
    description: null,
    completed: false,
    created_at: now,
    updated_at: now,
    user_id: "",
  };
}

function refuse(text: string): void {
  notices.show({ kind: "problem", text });
}
