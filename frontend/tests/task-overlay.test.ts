// The displayed list: confirmed tasks with unsent changes applied. Also conflicts between changes.

import { expect, test } from "vitest";
import type { Entry, Write } from "../src/features/tasks/model/entry";
import {
  changeOf,
  conflictsOf,
  type Filter,
  followed,
  lengthOf,
  type Task,
  titleMistake,
} from "../src/features/tasks/model/task";
import { countOf, isDraft, overlay, withUnsent } from "../src/features/tasks/model/task-overlay";
import { ALL_TASKS } from "../src/features/tasks/model/task-view";
import { task } from "./task";

let ids = 0;
const entry = (write: Write, state: Entry["state"] = "waiting"): Entry => {
  ids += 1;
  return { id: `entry-${ids}`, write, state };
};
const create = (title: string): Write => ({ kind: "create", title, createdAt: "" });
const update = (taskId: string, change: Partial<Task>): Write => ({
  kind: "update",
  taskId,
  change,
  base: {},
});
const remove = (taskId: string): Write => ({ kind: "delete", taskId, title: taskId });

const titles = (tasks: Task[], entries: Entry[], filter: "all" | "open" | "done" = "all") =>
  overlay(tasks, entries, { ...ALL_TASKS, filter }).map((row) => row.task.title);

test("new tasks come first, the newest at the top", () => {
  const rows = overlay([task("a")], [entry(create("b")), entry(create("c"))], ALL_TASKS);
  expect(rows.map((row) => row.task.title)).toEqual(["c", "b", "a"]);
  expect(rows.map((row) => isDraft(row.task))).toEqual([true, true, false]);
});

test("an unchanged row keeps its task object", () => {
  const [a, b] = [task("a"), task("b")];
  const rows = overlay([a, b], [entry(update("b", { title: "B" }))], ALL_TASKS);
  expect(rows[0]?.task).toBe(a);
  expect(rows[1]?.task).toMatchObject({ id: "b", title: "B" });
});

test("a filter sees unsent ticks, but a refused change stays visible", () => {
  const tick = update("a", { completed: true });
  expect(titles([task("a")], [entry(tick)], "open")).toEqual([]);
  expect(titles([task("a")], [entry(tick)], "done")).toEqual(["a"]);
  expect(titles([task("a")], [entry(tick, "failed")], "open")).toEqual(["a"]);
});

test("a change adds a task to a list only if it does not have the task yet", () => {
  const others = new Map([
    ["b", task("b")],
    ["c", task("c", { completed: true })],
  ]);
  const find = (id: string) => others.get(id);
  const shown = (filter: Filter, search: string, ...writes: Write[]) =>
    overlay(
      [task("a"), task("d")],
      writes.map((write) => entry(write)),
      { ...ALL_TASKS, sort: "oldest", filter, search },
      find,
    ).map((row) => row.task.title);
  expect(shown("open", "", update("c", { completed: false }))).toEqual(["a", "c", "d"]);
  expect(shown("open", "", update("c", { title: "C" }))).toEqual(["a", "d"]);
  expect(shown("all", "milk", update("b", { title: "Milk" }))).toEqual(["a", "Milk", "d"]);
  // Task b is on a page that is not loaded.
  expect(shown("all", "", update("b", { title: "Milk" }))).toEqual(["a", "d"]);
  expect(shown("open", "", update("c", { completed: false }), remove("c"))).toEqual(["a", "d"]);
});

test("a deleted task is hidden, unless its deletion was refused", () => {
  expect(titles([task("a"), task("b")], [entry(remove("a"), "held")])).toEqual(["b"]);
  expect(titles([task("a"), task("b")], [entry(remove("a"), "failed")])).toEqual(["a", "b"]);
  expect(withUnsent(task("a"), [entry(remove("a"))])).toBeUndefined();
});

test("only the same field, changed to another value, is a conflict", () => {
  const base = { title: "old", description: null };
  const mine = { title: "mine" };
  expect(conflictsOf(task("1", { title: "old" }), mine, base)).toEqual([]);
  expect(conflictsOf(task("1", { title: "mine" }), mine, base)).toEqual([]);
  expect(conflictsOf(task("1", { title: "old", description: "x" }), mine, base)).toEqual([]);
  expect(conflictsOf(task("1", { title: "theirs" }), mine, base)).toEqual(["title"]);
});

test("characters are counted as the service counts them", () => {
  expect(lengthOf("🙂".repeat(200))).toBe(200);
  expect(titleMistake("🙂".repeat(255))).toBeUndefined();
  expect(titleMistake("🙂".repeat(256))).toContain("at most 255");
});

test("after a save, an unedited field has the value changed elsewhere and counts as unchanged", () => {
  const before = task("a", { title: "Milk" });
  const after = task("a", { title: "Oat milk", description: "Mine" });
  const text = followed({ title: "Milk", description: "Mine" }, before, after);
  expect(text).toEqual({ title: "Oat milk", description: "Mine" });
  expect(changeOf(after, text)).toEqual({});
  const typed = followed({ title: "Soy milk", description: "Mine, too" }, before, after);
  expect(changeOf(after, typed)).toEqual({ title: "Soy milk", description: "Mine, too" });
});

test("a refused change of a task that is deleted or not loaded stays visible", () => {
  const write: Write = {
    kind: "update",
    taskId: "b",
    change: { title: "new" },
    base: { title: "b" },
  };
  for (const filter of ["all", "done"] as const) {
    expect(titles([task("a", { completed: true })], [entry(write, "failed")], filter)).toEqual([
      "new",
      "a",
    ]);
  }
  expect(titles([task("a")], [entry(write)])).toEqual(["a"]);
  expect(titles([task("a")], [entry(remove("b"), "failed")])).toEqual(["b", "a"]);
});

test("a refused tick of a missing task names the task, if the title is known", () => {
  const tick = update("a", { completed: true });
  expect(titles([], [entry({ ...tick, title: "Milk" } as Write, "failed")])).toEqual(["Milk"]);
  expect(titles([], [entry(tick, "failed")])).toEqual(["A task whose title is unknown"]);
});

test("a row whose title is unfinished stays, even if its task is missing", () => {
  const shown = (tasks: Task[], filter: Filter, ...entries: Entry[]) =>
    overlay(tasks, entries, { ...ALL_TASKS, filter }, undefined, new Map([["a", "Milk"]])).map(
      ({ key, task }) => [key, task.title],
    );
  expect(shown([task("b"), task("a")], "all")).toEqual([
    ["b", "b"],
    ["a", "a"],
  ]);
  expect(shown([task("a", { completed: true })], "open")).toEqual([["a", "a"]]);
  expect(shown([task("b")], "all")).toEqual([
    ["a", "Milk"],
    ["b", "b"],
  ]);
  expect(shown([task("b")], "all", entry(remove("a")))).toEqual([["b", "b"]]);
});

test("a new task that cannot be sent is shown despite a search", () => {
  const shown = (...entries: Entry[]) =>
    overlay([], entries, { ...ALL_TASKS, search: "milk" }).map(({ task }) => task.title);
  const problem = { status: 0, message: "", fields: {} };
  expect(shown(entry(create("Bread")))).toEqual([]);
  expect(shown({ ...entry(create("Bread")), problem })).toEqual(["Bread"]);
});

test("only unsent changes that add a task to the view change its number of tasks", () => {
  const count = (filter: Filter, known: Task | undefined, entries: Entry[], edited = false) => {
    const view = { ...ALL_TASKS, filter };
    const titles = new Map(edited ? [["a", "Milk"]] : []);
    const find = () => known;
    return countOf(
      10,
      [task("b")],
      overlay([task("b")], entries, view, find, titles),
      entries,
      view,
      find,
    );
  };
  const isDone = { completed: true };
  expect(count("all", undefined, [entry(create("c"))])).toBe(11);
  expect(count("open", task("a", isDone), [entry(update("a", { completed: false }))])).toBe(11);
  expect(count("open", task("a"), [], true)).toBe(10);
  expect(count("open", undefined, [], true)).toBe(10);
  expect(count("open", undefined, [entry(update("a", { title: "c" }), "failed")])).toBe(10);
  const deletion: Write = { kind: "delete", taskId: "c", title: "c" };
  expect(count("all", undefined, [entry(deletion)])).toBeUndefined();
  expect(count("all", undefined, [entry(deletion, "failed")])).toBe(10);
});
