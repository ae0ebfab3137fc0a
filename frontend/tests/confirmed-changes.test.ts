// Changes confirmed while an older response is in flight.

import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { ConfirmedChanges } from "../src/features/tasks/model/confirmed-changes";
import type { Filter, Task } from "../src/features/tasks/model/task";
import type { Listing } from "../src/features/tasks/model/task-cache";
import { ALL_TASKS } from "../src/features/tasks/model/task-view";
import { keys } from "../src/lib/query-keys";
import { task } from "./task";

class Cache {
  readonly client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  readonly changes = new ConfirmedChanges(this.client);

  /** Starts a request for a listing. Returns a function that delivers the response. */
  request(filter: Filter) {
    let respond: (tasks: Task[]) => void = () => {};
    const response = new Promise<Task[]>((resolve) => {
      respond = resolve;
    });
    const done = this.client.fetchInfiniteQuery({
      queryKey: keys.listing({ ...ALL_TASKS, filter }),
      queryFn: async () => ({ tasks: await response, next: undefined }),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: () => undefined,
    });
    return async (...tasks: Task[]) => {
      respond(tasks);
      await done;
    };
  }

  titles(filter: Filter): string[] | undefined {
    const listing = this.client.getQueryData<Listing>(keys.listing({ ...ALL_TASKS, filter }));
    return listing?.pages.flatMap(({ tasks }) => tasks.map(({ title }) => title));
  }
}

test("a task created after the response was generated is shown at its position", async () => {
  const cache = new Cache();
  const respond = cache.request("all");
  const createdAt = (second: number) => ({ created_at: `2026-01-02T03:05:0${second}.000Z` });
  cache.changes.created(task("one", createdAt(1)));
  cache.changes.created(task("two", createdAt(2)));
  cache.changes.created(task("three", createdAt(3)));
  await respond(task("two", createdAt(2)), task("one", createdAt(1)));
  expect(cache.titles("all")).toEqual(["three", "two", "one"]);
});

test("a new task is not among the completed ones", async () => {
  const cache = new Cache();
  const respond = cache.request("done");
  cache.changes.created(task("one"));
  await respond();
  expect(cache.titles("done")).toEqual([]);
});

test("a task completed after the response was generated is among the completed ones", async () => {
  const cache = new Cache();
  await cache.request("all")(task("two"), task("one"));
  const respond = cache.request("done");
  cache.changes.changed(task("one", { completed: true }));
  cache.changes.changed(task("two", { completed: true }));
  await respond(task("one", { completed: true }));
  expect(cache.titles("done")).toEqual(["two", "one"]);
});

test("a listing whose order only the service knows is requested again", async () => {
  const cache = new Cache();
  const queryKey = keys.listing({ ...ALL_TASKS, search: "o" });
  cache.client.setQueryData<Listing>(queryKey, {
    pages: [{ tasks: [], next: undefined }],
    pageParams: [undefined],
  });
  const isAskedAgain = () => cache.client.getQueryState(queryKey)?.isInvalidated;
  cache.changes.deleted("one");
  expect(isAskedAgain()).toBe(false);
  cache.changes.changed(task("one"));
  expect(isAskedAgain()).toBe(true);
});

test("a change that was confirmed meanwhile is not undone, and a later one elsewhere is kept", async () => {
  const cache = new Cache();
  const respond = cache.request("all");
  const changedAt = (second: number) => `2026-01-02T03:05:0${second}.000Z`;
  cache.changes.changed(task("a", { title: "mine", updated_at: changedAt(1) }));
  cache.changes.changed(task("b", { title: "mine, too", updated_at: changedAt(1) }));
  cache.changes.deleted("c");
  await respond(
    task("a", { title: "before" }),
    task("b", { title: "elsewhere", updated_at: changedAt(2) }),
    task("c"),
  );
  expect(cache.titles("all")).toEqual(["mine", "elsewhere"]);
});

test("changes confirmed before a request do not affect its response", async () => {
  const cache = new Cache();
  await cache.request("all")(task("one"));
  cache.changes.created(task("two"));
  expect(cache.titles("all")).toEqual(["two", "one"]);
  await cache.client.invalidateQueries({ queryKey: keys.listings });
  const respond = cache.request("all");
  await respond(task("one"));
  expect(cache.titles("all")).toEqual(["one"]);
});

test("an older response does not replace a task that was just changed", async () => {
  const cache = new Cache();
  let respond: (task: Task) => void = () => {};
  const done = cache.client.fetchQuery({
    queryKey: keys.task("a"),
    queryFn: () =>
      new Promise<Task>((resolve) => {
        respond = resolve;
      }),
  });
  cache.changes.changed(task("a", { title: "mine", updated_at: "2026-01-02T03:05:00.000Z" }));
  respond(task("a", { title: "before" }));
  await done;
  expect(cache.client.getQueryData<Task>(keys.task("a"))?.title).toBe("mine");
});
