// Changes to pages of tasks.

import { expect, test } from "vitest";
import {
  isDraft,
  type Listing,
  undone,
  withFirst,
  withOnly,
  withReplaced,
} from "../src/lib/task-cache";
import type { Task } from "../src/lib/tasks";

const task = (id: string, change: Partial<Task> = {}): Task => ({
  id,
  title: id,
  description: null,
  completed: false,
  created_at: "2026-01-02T03:04:05.678Z",
  updated_at: "2026-01-02T03:04:05.678Z",
  user_id: "ada",
  ...change,
});

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

test("a task is taken out where it is", () => {
  const before = listing([task("a")], [task("b"), task("c")]);
  expect(ids(withReplaced(before, "b", () => undefined))).toEqual([["a"], ["c"]]);
});

test("a new task comes first, and only once", () => {
  const before = listing([task("b")], [task("a")]);
  const after = withFirst(before, task("c"));
  expect(ids(after)).toEqual([["c", "b"], ["a"]]);
  expect(withFirst(after, task("a"))).toBe(after);
  expect(ids(withFirst(listing(), task("c")))).toEqual([]);
});

test("another filter shows what is known of it", () => {
  const all = listing([task("a"), task("b", { completed: true })]);
  expect(ids(withOnly(all, "open"))).toEqual([["a"]]);
  expect(ids(withOnly(all, "done"))).toEqual([["b"]]);
});

test("a change is taken back unless there was another one since", () => {
  const before = task("a");
  const change = { completed: true, title: "b" };
  expect(undone({ ...before, ...change }, change, before)).toEqual(before);
  expect(undone({ ...before, ...change, title: "c" }, change, before)).toEqual({
    ...before,
    title: "c",
  });
});

test("a draft is told apart from what the server has", () => {
  expect(isDraft(task("draft-1"))).toBe(true);
  expect(isDraft(task("01980000-0000-7000-8000-000000000000"))).toBe(false);
});
