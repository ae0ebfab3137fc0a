// Unsaved text of a task, with the text that it replaces.

import { changeOf, type Task, type TaskText, textOf } from "./task";
import { unknownTask } from "./task-overlay";
import { drafts } from "./unsent";

/** Prefix of the name of a draft for a title in the list. The task's id follows. */
export const TITLE = "title:";
/** Prefix of the name of a draft in the editor. The task's id follows. */
export const TASK = "task:";

/** The initial state of a form. */
export interface Start {
  /** The version of the task that the text in the form replaces. */
  base: Task;
  /** Initial text of the form, or `undefined` for the text of `base`. */
  draft: TaskText | undefined;
}

export function startOf(task: Task): Start {
  const draft = drafts.get(TASK + task.id);
  if (!draft) return { base: task, draft: undefined };
  const { title = task.title, description = task.description ?? "" } = draft;
  // The text may have been saved elsewhere in the meantime.
  const isSaved = Object.keys(changeOf(task, { title, description })).length === 0;
  if (isSaved) return { base: task, draft: undefined };
  const { baseTitle = task.title, baseDescription = task.description ?? "" } = draft;
  const base = { ...task, title: baseTitle, description: baseDescription || null };
  return { base, draft: { title, description } };
}

/** Reconstructs a missing task from the original text in its draft, if there is a draft. */
export function taskOfDraft(id: string): Task | undefined {
  const draft = drafts.get(TASK + id);
  if (!draft) return undefined;
  const { baseTitle: title = "", baseDescription: description = "" } = draft;
  return unknownTask(id, { title, description: description || null });
}

/**
 * Stores unsaved text of a task, with the text of `base` that it replaces. `undefined` deletes the
 * stored text.
 */
export function keepText({ id }: Task, base: Task, text: TaskText | undefined): void {
  const { title, description } = textOf(base);
  const draft = text && { ...text, baseTitle: title, baseDescription: description };
  drafts.set(TASK + id, draft);
}
