// Queries for tasks: paginated and whole listings, single tasks, and cached copies.

import {
  type InfiniteData,
  infiniteQueryOptions,
  queryOptions,
  useInfiniteQuery,
  useQueries,
  useQuery,
} from "@tanstack/react-query";
import { useState } from "react";
import { isTemporary } from "../../../lib/problem";
import { queryClient } from "../../../lib/query-client";
import { keys } from "../../../lib/query-keys";
import { findTask, listTasks, type Page } from "../api/tasks";
import type { Entry } from "../model/entry";
import type { Task } from "../model/task";
import { type Listing, newest, withFound } from "../model/task-cache";
import type { View } from "../model/task-view";

/** Maximum number of pages of a listing that is refetched on focus and on reconnection. */
const FEW_PAGES = 3;
/** Milliseconds between attempts to fetch a listing or a task after a failure. */
const HEAL_EVERY = 3_000;

const listingOptions = (view: View) =>
  infiniteQueryOptions({
    queryKey: keys.listing(view),
    queryFn: ({ pageParam, signal }) => listTasks(view, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.next,
  });

/** Keeps a failed query's error while the query is fetched again, so that the message stays. */
function useLastError<Query extends { error: Error | null; isFetching: boolean }>(query: Query) {
  const { error, isFetching } = query;
  const [last, setLast] = useState(error);
  if (last !== error && (error || !isFetching)) setLast(error);
  return { ...query, error: isFetching ? (error ?? last) : error };
}

export function useListing(view: View) {
  const query = useInfiniteQuery({
    ...listingOptions(view),
    // The listing is refetched whenever it is opened, but it is cached: going back restores the
    // list with its scroll position and pages, even while the service is unreachable.
    staleTime: 0,
    placeholderData: (previous: InfiniteData<Page, string | undefined> | undefined) =>
      previous && withFound(previous, view),
    refetchOnWindowFocus: ({ state }) => (state.data?.pages.length ?? 0) <= FEW_PAGES,
    refetchOnReconnect: ({ state }) => (state.data?.pages.length ?? 0) <= FEW_PAGES,
    refetchInterval: ({ state }) => (state.status === "error" ? HEAL_EVERY : false),
  });
  return useLastError(query);
}

const taskOptions = (id: string) =>
  queryOptions<Task>({
    queryKey: keys.task(id),
    queryFn: async ({ signal }) => (await findTask(id, signal)).task,
  });

/**
 * Loads the tasks that have unsent updates and are not cached, because an update may move a task to
 * the displayed list. Returns the loaded tasks, and whether any are still being loaded.
 */
export function useChangedTasks(unsent: readonly Entry[]) {
  const ids = unsent.flatMap(({ write }) => (write.kind === "update" ? write.taskId : []));
  return useQueries({
    queries: [...new Set(ids)].map((id) => ({
      ...taskOptions(id),
      enabled: cachedTask(id) === undefined,
    })),
    combine: (queries) => ({
      isLoading: queries.some(({ isLoading }) => isLoading),
      tasks: queries.map(({ data }) => data),
    }),
  });
}

export function useTask(id: string) {
  const query = useQuery<Task>({
    ...taskOptions(id),
    // An editing form must not start from an outdated copy.
    staleTime: 0,
    placeholderData: () => cachedTask(id),
    refetchInterval: ({ state }) =>
      state.status === "error" && isTemporary(state.error) ? HEAL_EVERY : false,
  });
  return useLastError(query);
}

/** Fetches all pages of a view. The result includes changes that are confirmed in the meantime. */
export async function readAll(view: View): Promise<Task[]> {
  const queryKey = keys.wholeListing(view);
  try {
    await queryClient.fetchInfiniteQuery({
      ...listingOptions(view),
      queryKey,
      pages: Number.POSITIVE_INFINITY,
      staleTime: 0,
    });
    const listing = queryClient.getQueryData<Listing>(queryKey);
    return listing?.pages.flatMap(({ tasks }) => tasks) ?? [];
  } finally {
    queryClient.removeQueries({ queryKey, exact: true });
  }
}

/** Fetches a task, even if it is cached. */
export const fetchTask = (id: string): Promise<Task> =>
  queryClient.fetchQuery({ ...taskOptions(id), staleTime: 0 });

/** Fetches the displayed tasks again. */
export function refresh(): void {
  for (const queryKey of [keys.listings, keys.tasks]) {
    void queryClient.invalidateQueries({ queryKey });
  }
}

/** Returns the newest cached copy of a task, or `undefined` if the task is not cached. */
export function cachedTask(id: string): Task | undefined {
  const single = queryClient.getQueryData<Task>(keys.task(id));
  return queryClient
    .getQueriesData<Listing>({ queryKey: keys.listings })
    .flatMap(([, listing]) => listing?.pages ?? [])
    .flatMap(({ tasks }) => tasks.find((task) => task.id === id) ?? [])
    .reduce<Task | undefined>((known, task) => (known ? newest(known, task) : task), single);
}
