// What is known of tasks, page by page, and how a change looks before the server has confirmed it.

import type { InfiniteData } from "@tanstack/react-query";
import type { Filter, Page, Task, TaskChange } from "./tasks";

export type Listing = InfiniteData<Page, string | undefined>;

/** A task that the server does not have yet. */
export const isDraft = ({ id }: Pick<Task, "id">): boolean => id.startsWith("draft-");

export const matches = ({ completed }: Task, filter: Filter): boolean =>
  filter === "all" || completed === (filter === "done");

function inPages(listing: Listing, change: (tasks: Task[]) => Task[]): Listing {
  let isChanged = false;
  const pages = listing.pages.map((page) => {
    const tasks = change(page.tasks);
    if (tasks === page.tasks) return page;
    isChanged = true;
    return { ...page, tasks };
  });
  return isChanged ? { ...listing, pages } : listing;
}

/** Pages without the task stay the same objects, so that nothing draws them again. */
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

/** A task that is there already stays where it is. */
export function withFirst(listing: Listing, task: Task): Listing {
  const [first, ...rest] = listing.pages;
  const isThere = listing.pages.some(({ tasks }) => tasks.some(({ id }) => id === task.id));
  if (!first || isThere) return listing;
  return { ...listing, pages: [{ ...first, tasks: [task, ...first.tasks] }, ...rest] };
}

/** What another filter shows of the same tasks until its own listing is here. */
export function withOnly(listing: Listing, filter: Filter): Listing {
  return inPages(listing, (tasks) => tasks.filter((task) => matches(task, filter)));
}

/** The task as it was, in so far as nobody changed it again meanwhile. */
export function undone(task: Task, change: TaskChange, before: TaskChange): Task {
  const kept = { ...task };
  for (const name of Object.keys(change) as (keyof TaskChange)[]) {
    if (task[name] === change[name]) Object.assign(kept, { [name]: before[name] });
  }
  return kept;
}
