// The tasks of the API: validation, changes and conflicts.

import { t } from "../../../lib/i18n";
import { NOTES_MAX, TITLE_MAX } from "../../../lib/limits";
import type { paths } from "../api/task-api";

export type Task =
  paths["/api/tasks"]["get"]["responses"]["200"]["content"]["application/json"][number];
export type TaskChange = Partial<Pick<Task, "title" | "description" | "completed">>;
export type Filter = "all" | "open" | "done";

/** Returns the id of the element that shows a task in a list. */
export const rowId = ({ id }: Pick<Task, "id">): string => `task-${id}`;

/**
 * Returns the number of characters, counted as the service counts them: a surrogate pair is one
 * character.
 */
export const lengthOf = (text: string): number => [...text].length;

/** Returns the error message for a title, or `undefined` if it is valid. */
export function titleMistake(title: string): string | undefined {
  if (title.trim() === "") return t().task.needsTitle;
  const length = lengthOf(title.trim());
  return length > TITLE_MAX ? t().task.tooLong(TITLE_MAX, length) : undefined;
}

/** Returns the error message for notes, or `undefined` if they are valid. */
export function notesMistake(notes: string): string | undefined {
  const length = lengthOf(notes);
  return length > NOTES_MAX ? t().task.tooLong(NOTES_MAX, length) : undefined;
}

const FIELDS = ["title", "description", "completed"] as const;

/** Returns the task's values of the fields that a change contains. */
export function fieldsOf(task: Task, change: TaskChange): TaskChange {
  return Object.fromEntries(
    FIELDS.filter((name) => name in change).map((name) => [name, task[name]]),
  );
}

/**
 * Returns the names of the fields of `change` that have been changed elsewhere since `base`, to a
 * value other than the one in `change`. `task` is the current state.
 */
export function conflictsOf(task: Task, change: TaskChange, base: TaskChange): string[] {
  return FIELDS.filter(
    (name) =>
      name in change && !isSame(task[name], base[name]) && !isSame(task[name], change[name]),
  );
}

/** Returns the fields of a change that are not in conflict and differ from the current `task`. */
export function withoutConflicts(task: Task, change: TaskChange, base: TaskChange): TaskChange {
  const conflicts = conflictsOf(task, change, base);
  return Object.fromEntries(
    Object.entries(change).filter(
      ([name, value]) =>
        !conflicts.includes(name) && !isSame(task[name as keyof TaskChange], value),
    ),
  );
}

export type TextFields = Pick<Task, "title" | "description">;

/** The title and notes of a task as form values. */
export interface TaskText {
  title: string;
  description: string;
}

export const textOf = ({ title, description }: TaskText | Task): TaskText => ({
  title,
  description: description ?? "",
});

/** Returns a title as a field shows it: on a single line. */
export const lineOf = (title: string): string => title.replaceAll(/[\r\n]+/g, " ");

/** Returns whether two titles look the same in a field, apart from spaces around them. */
export const isSameTitle = (a: string, b: string): boolean => lineOf(a).trim() === lineOf(b).trim();

/** Returns the change that form values make to a task: only the fields that differ. */
export function changeOf(task: Task, { title, description }: TaskText): TaskChange {
  const change: TaskChange = {};
  if (!isSameTitle(title, task.title)) change.title = title.trim();
  // Forms and fields normalize line breaks.
  if (plain(description) !== plain(task.description ?? ""))
    change.description = description || null;
  return change;
}

/**
 * Returns the form values after a save: fields that still have the text of `before` get that of
 * `after`.
 */
export function followed(text: TaskText, before: Task, after: Task): TaskText {
  const [old, saved] = [textOf(before), textOf(after)];
  const hasOldNotes = plain(text.description) === plain(old.description);
  return {
    title: isSameTitle(text.title, old.title) ? saved.title : text.title,
    description: hasOldNotes ? saved.description : text.description,
  };
}

/** Returns the form values, with the values of `theirs` in the fields that are in conflict. */
export function withTheirs(text: TaskText, base: Task, theirs: Task): TaskText {
  const conflicts = conflictsOf(theirs, changeOf(base, text), base);
  const other = textOf(theirs);
  return {
    title: conflicts.includes("title") ? other.title : text.title,
    description: conflicts.includes("description") ? other.description : text.description,
  };
}

/** Returns whether the text of a task is known: each field equals that of one of the versions. */
export const isKnownText = (task: Task, versions: readonly TextFields[]): boolean =>
  (["title", "description"] as const).every((name) =>
    versions.some((version) => isSame(task[name], version[name])),
  );

type Value = string | boolean | null | undefined;

/** Returns whether two values of a field look the same, apart from line breaks and missing notes. */
const isSame = (a: Value, b: Value): boolean => comparable(a) === comparable(b);

const comparable = (value: Value) => (typeof value === "boolean" ? value : plain(value ?? ""));

const plain = (notes: string) => notes.replaceAll(/\r\n?/g, "\n");
