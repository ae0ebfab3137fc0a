// Changes to cached pages of tasks.

import { expect, test } from "vitest";
import type { Task } from "../src/features/tasks/model/task";
import {
  type Listing,
  withAdded,
  withFound,
  withReplaced,
} from "../src/features/tasks/model/task-cache";
import { ALL_TASKS } from "../src/features/tasks/model/task-view";
import { task } from "./task";

const listing = (...pages: Task[][]): Listing => ({
  pages: pages.map((tasks) => ({ tasks, next: undefined })),
  pageParams: pages.map(() => undefined),
});

const ids = ({ pages }: Listing) => pages.map(({ tasks }) => tasks.map(({ id }) => id));

test("a changed task leaves the other pages as they are", () => {
  const before = listing([task("a")], [task("b"), task("c")]);
  const after = withReplaced(before, "c", (old) => ({ ...old, completed: true }));
  expect(after.pages[0]).toBe(before.pages[0]);
  expect(after.pages[1]?.tasks[1]?.completed).toBe(true);
  expect(after.pages[1]?.tasks[0]).toBe(before.pages[1]?.tasks[0]);
  expect(withReplaced(before, "nobody", () => undefined)).toBe(before);
});

test("a task is removed from its page", () => {
  const before = listing([task("a")], [task("b"), task("c")]);
  expect(ids(withReplaced(before, "b", () => undefined))).toEqual([["a"], ["c"]]);
});

const at = (second: number) => ({ created_at: `2026-01-02T03:04:0${second}.000Z` });

test("a task is inserted at its position", () => {
  const before = listing([task("e", at(5)), task("c", at(3))], [task("a", at(1))]);
  const added = (second: number, view = ALL_TASKS) =>
    ids(withAdded(before, task("new", at(second)), view));
  expect(added(6)).toEqual([["new", "e", "c"], ["a"]]);
  expect(added(4)).toEqual([["e", "new", "c"], ["a"]]);
  expect(added(2)).toEqual([
    ["e", "c"],
    ["new", "a"],
  ]);
  expect(added(0)).toEqual([
    ["e", "c"],
    ["a", "new"],
  ]);
  expect(ids(withAdded(listing([]), task("new"), ALL_TASKS))).toEqual([["new"]]);
  expect(ids(withAdded(listing(), task("new"), ALL_TASKS))).toEqual([]);
});

test("a task that belongs after the loaded pages is not added", () => {
  const before = listing([task("e", at(5))]);
  before.pages = before.pages.map((page) => ({ ...page, next: "more" }));
  expect(withAdded(before, task("new", at(1)), ALL_TASKS)).toBe(before);
  expect(ids(withAdded(before, task("new", at(1)), { ...ALL_TASKS, sort: "oldest" }))).toEqual([
    ["new", "e"],
  ]);
});

test("a search shows the known results first", () => {
  const all = listing([task("a"), task("b", { description: "An A" }), task("c")]);
  expect(ids(withFound(all, { ...ALL_TASKS, search: "a" }))).toEqual([["a", "b"]]);
});

test("the number of tasks follows additions and removals", () => {
  const before = listing([task("a")], [task("b")]);
  before.pages = before.pages.map((page, index) => (index === 0 ? { ...page, total: 5 } : page));
  expect(withAdded(before, task("c"), ALL_TASKS).pages[0]?.total).toBe(6);
  expect(withReplaced(before, "b", () => undefined).pages[0]?.total).toBe(4);
  expect(withReplaced(before, "b", (old) => ({ ...old })).pages[0]?.total).toBe(5);
});
