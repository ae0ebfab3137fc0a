// Changes to cached listings of tasks. Listings contain confirmed state only.

import type { InfiniteData } from "@tanstack/react-query";
import type { Page } from "../api/tasks";
import type { Task } from "./task";
import { comesBefore, matchesSearch, type View } from "./task-view";

export type Listing = InfiniteData<Page, string | undefined>;

function inPages(listing: Listing, change: (tasks: Task[]) => Task[]): Listing {
  let isChanged = false;
  let added = 0;
  const pages = listing.pages.map((page) => {
    const tasks = change(page.tasks);
    if (tasks === page.tasks) return page;
    isChanged = true;
    added += tasks.length - page.tasks.length;
    return { ...page, tasks };
  });
  return isChanged ? { ...listing, pages: counted(pages, added) } : listing;
}

/** Adjusts the total number of tasks, which the first page contains. */
function counted(pages: Page[], added: number): Page[] {
  const [first, ...rest] = pages;
  if (first?.total === undefined || added === 0) return pages;
  return [{ ...first, total: first.total + added }, ...rest];
}

/**
 * Replaces a task, or removes it if `replace` returns `undefined`. Pages without the task keep
 * their identity, so that they are not rendered again.
 */
export function withReplaced(
  listing: Listing,
  id: string,
  replace: (task: Task) => Task | undefined,
): Listing {
  return inPages(listing, (tasks) => {
    const index = tasks.findIndex((task) => task.id === id);
    const task = tasks[index];
    if (!task) return tasks;
    const replacement = replace(task);
    if (replacement === task) return tasks;
    return replacement ? tasks.with(index, replacement) : tasks.toSpliced(index, 1);
  });
}

/**
 * Removes the total number of tasks, which is unknown after the deletion of a task that may be on a
 * page that is not loaded. If all pages are loaded, the total is kept.
 */
export function withUnknownTotal(listing: Listing): Listing {
  const [first, ...rest] = listing.pages;
  const isWhole = listing.pages.at(-1)?.next === undefined;
  if (isWhole || first?.total === undefined) return listing;
  return { ...listing, pages: [{ ...first, total: undefined }, ...rest] };
}

export const has = ({ pages }: Listing, id: string): boolean =>
  pages.some(({ tasks }) => tasks.some((task) => task.id === id));

/** Inserts a task at its position, unless this position is after the loaded pages. */
export function withAdded(listing: Listing, task: Task, view: View): Listing {
  const { pages } = listing;
  const indexOn = ({ tasks }: Page) => tasks.findIndex((other) => comesBefore(task, other, view));
  const before = pages.findIndex((page) => indexOn(page) !== -1);
  const number = before === -1 ? pages.length - 1 : before;
  const page = pages[number];
  if (!page || (before === -1 && page.next !== undefined)) return listing;
  const index = before === -1 ? page.tasks.length : indexOn(page);
  const grown = pages.with(number, { ...page, tasks: page.tasks.toSpliced(index, 0, task) });
  return { ...listing, pages: counted(grown, 1) };
}

/**
 * Returns a preliminary listing of `view`: the tasks of another listing that match its search.
 */
export function withFound(listing: Listing, view: View): Listing {
  return inPages(listing, (tasks) => tasks.filter((task) => matchesSearch(task, view)));
}

/**
 * Returns the later of two states of a task, or `task` if both have the same timestamp. All
 * timestamps have the same format, so they are compared as strings.
 */
export const newest = (known: Task, task: Task): Task =>
  task.updated_at < known.updated_at ? known : task;
