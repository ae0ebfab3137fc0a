// Tasks as the pages read them: a listing that grows page by page, and one task.

import { type InfiniteData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { isPassing } from "./problem";
import { queryClient } from "./session";
import { isDraft, type Listing, withOnly } from "./task-cache";
import { type Filter, findTask, listTasks, type Page, type Task } from "./tasks";

/** All listings, and all tasks that were opened. */
export const LISTINGS = ["listing"];
export const taskKey = (id: string) => ["task", id];

/** A listing longer than this is not asked for again as a whole when the window is looked at. */
const FEW_PAGES = 3;
/** How often to try again by itself while the service is away. */
const HEAL_EVERY = 3_000;

export function useListing(filter: Filter) {
  return useInfiniteQuery({
    queryKey: [...LISTINGS, filter],
    queryFn: ({ pageParam, signal }) => listTasks(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.next,
    // Another filter's listing is old as soon as something is changed in this one.
    gcTime: 0,
    placeholderData: (previous: InfiniteData<Page, string | undefined> | undefined) =>
      previous && withOnly(previous, filter),
    refetchOnWindowFocus: ({ state }) => (state.data?.pages.length ?? 0) <= FEW_PAGES,
    refetchOnReconnect: ({ state }) => (state.data?.pages.length ?? 0) <= FEW_PAGES,
    refetchInterval: ({ state }) => (state.status === "error" ? HEAL_EVERY : false),
  });
}

export function useTask(id: string) {
  return useQuery<Task>({
    queryKey: taskKey(id),
    queryFn: ({ signal }) => findTask(id, signal),
    placeholderData: () => listed(id),
    refetchInterval: ({ state }) =>
      state.status === "error" && isPassing(state.error) ? HEAL_EVERY : false,
  });
}

/** The task as a listing has it, to show until it was asked for. */
function listed(id: string): Task | undefined {
  return queryClient
    .getQueriesData<Listing>({ queryKey: LISTINGS })
    .flatMap(([, listing]) => listing?.pages ?? [])
    .flatMap(({ tasks }) => tasks)
    .find((task) => task.id === id && !isDraft(task));
}
