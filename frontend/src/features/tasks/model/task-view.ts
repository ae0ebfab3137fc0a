// The filter, search and sort order of a list, which are stored in the URL.

import { SEARCH_MAX } from "../../../lib/limits";
import type { Filter, Task } from "./task";

export type Sort = "newest" | "oldest" | "changed" | "title";

export interface View {
  filter: Filter;
  /** String to search for in titles and notes; empty for all tasks. */
  search: string;
  sort: Sort;
}

export const SORTS: readonly Sort[] = ["newest", "oldest", "changed", "title"];
export const ALL_TASKS: View = { filter: "all", search: "", sort: "newest" };

export function viewOf(parameters: URLSearchParams): View {
  const show = parameters.get("show");
  const sort = SORTS.find((name) => name === parameters.get("sort"));
  return {
    filter: show === "open" || show === "done" ? show : "all",
    search: searchable(parameters.get("q") ?? "").trim(),
    sort: sort ?? "newest",
  };
}

/** Returns a search term as the service accepts it: shortened if necessary, and without NUL. */
export const searchable = (text: string): string =>
  [...text.replaceAll("\0", "")].slice(0, SEARCH_MAX).join("");

/** Returns the query string of a view with its question mark, or "" for `ALL_TASKS`. */
export function queryOf({ filter, search, sort }: View): string {
  const parameters = new URLSearchParams();
  if (filter !== "all") parameters.set("show", filter);
  if (search !== "") parameters.set("q", search);
  if (sort !== "newest") parameters.set("sort", sort);
  return parameters.size === 0 ? "" : `?${parameters}`;
}

export const matchesFilter = ({ completed }: Task, { filter }: View): boolean =>
  filter === "all" || completed === (filter === "done");

export const matchesSearch = (
  { title, description }: Pick<Task, "title" | "description">,
  { search }: View,
): boolean =>
  search === "" ||
  [title, description ?? ""].some((text) => text.toLowerCase().includes(search.toLowerCase()));

export const matches = (task: Task, view: View): boolean =>
  matchesFilter(task, view) && matchesSearch(task, view);

/**
 * Returns a sort key of a task. All timestamps have the same format, so the keys are compared as
 * strings. The id decides between equal timestamps.
 */
const created = ({ created_at, id }: Task) => `${created_at} ${id}`;
const changed = ({ updated_at, id }: Task) => `${updated_at} ${id}`;

const COMPARISONS: Record<Sort, (task: Task, other: Task) => boolean> = {
  newest: (task, other) => created(task) > created(other),
  oldest: (task, other) => created(task) < created(other),
  changed: (task, other) => changed(task) > changed(other),
  // An approximation: only the service knows the collation.
  title: (task, other) => task.title.toLowerCase() < other.title.toLowerCase(),
};

export const comesBefore = (task: Task, other: Task, { sort }: View): boolean =>
  COMPARISONS[sort](task, other);
