// Drafts, separate for each user and each tab.

import { expect, test, vi } from "vitest";
import { Drafts } from "../src/lib/drafts";
import { MemoryStore } from "./memory-store";

test("a draft survives a reload, for its user alone", async () => {
  const store = new MemoryStore();
  const before = new Drafts(store, "one");
  await before.open("ada");
  before.set("composer", { title: "Buy mi" });

  const after = new Drafts(store, "one");
  await after.open("bob");
  expect(after.get("composer")).toBeUndefined();
  await after.open("ada");
  expect(after.get("composer")).toEqual({ title: "Buy mi" });
});

test("a discarded draft and those of a user who signs out are deleted", async () => {
  const store = new MemoryStore();
  const drafts = new Drafts(store, "one");
  await drafts.open("ada");
  drafts.set("composer", { title: "a" });
  drafts.set("composer", undefined);
  expect(store.items.size).toBe(0);
  drafts.set("task:1", { title: "b" });
  await drafts.open(undefined);
  await drafts.erase("ada");
  expect(store.items.size).toBe(0);
});

test("the drafts of two tabs with the same name are separate; the newest is loaded", async () => {
  vi.useFakeTimers();
  const store = new MemoryStore();
  const [first, second] = [new Drafts(store, "one"), new Drafts(store, "two")];
  await first.open("ada");
  await second.open("ada");
  first.set("composer", { title: "Milk" });
  vi.advanceTimersByTime(1);
  second.set("composer", { title: "Bread" });
  const third = new Drafts(store, "three");
  await third.open("ada");
  expect(third.get("composer")).toEqual({ title: "Bread" });
  second.set("composer", undefined);
  await third.open("ada");
  expect(third.get("composer")).toEqual({ title: "Milk" });
  vi.useRealTimers();
});

test("a reloaded tab keeps its own text, although that of another tab is newer", async () => {
  const store = new MemoryStore();
  const [first, second] = [new Drafts(store, "one"), new Drafts(store, "two")];
  await first.open("ada");
  await second.open("ada");
  first.set("composer", { title: "Milk" });
  second.set("composer", { title: "Bread" });
  const reloaded = new Drafts(store, "four", ["three", "one"]);
  await reloaded.open("ada");
  expect(reloaded.get("composer")).toEqual({ title: "Milk" });
  reloaded.set("composer", undefined);
  await reloaded.open("ada");
  expect(reloaded.get("composer")).toEqual({ title: "Bread" });
});

test("a tab that loads the drafts again keeps its own text, although that of another tab is newer", async () => {
  const store = new MemoryStore();
  const [first, second] = [new Drafts(store, "one"), new Drafts(store, "two")];
  await first.open("ada");
  await second.open("ada");
  first.set("composer", { title: "Milk" });
  second.set("composer", { title: "Bread" });
  await first.open(undefined);
  await first.open("ada");
  expect(first.get("composer")).toEqual({ title: "Milk" });
});

test("a draft that another tab discards is stored again by the tab that wrote it", async () => {
  const store = new MemoryStore();
  const [first, second] = [new Drafts(store, "one"), new Drafts(store, "two")];
  await first.open("ada");
  first.set("composer", { title: "Milk" });
  await second.open("ada");
  second.set("composer", undefined);
  expect(store.items.size).toBe(0);
  first.storeAgain();
  expect(store.items.size).toBe(1);
  first.set("composer", undefined);
  first.storeAgain();
  expect(store.items.size).toBe(0);
});

test("a draft that is stored again is not newer than one typed in another tab meanwhile", async () => {
  vi.useFakeTimers();
  const store = new MemoryStore();
  const tabs = ["one", "two", "three"].map((tab) => new Drafts(store, tab));
  const [first, second, third] = tabs as [Drafts, Drafts, Drafts];
  await first.open("ada");
  await second.open("ada");
  first.set("composer", { title: "Half" });
  vi.advanceTimersByTime(1);
  second.set("composer", { title: "Half a thought" });
  vi.advanceTimersByTime(1);
  first.storeAgain();
  await third.open("ada");
  expect(third.get("composer")).toEqual({ title: "Half a thought" });
  vi.useRealTimers();
});

test("text that a tab only takes over is not newer than text typed in another tab meanwhile", async () => {
  vi.useFakeTimers();
  const store = new MemoryStore();
  const tabs = ["one", "two", "three"].map((tab) => new Drafts(store, tab));
  const [first, second, third] = tabs as [Drafts, Drafts, Drafts];
  await first.open("ada");
  first.set("task:1", { title: "Half" });
  await second.open("ada");
  vi.advanceTimersByTime(1);
  first.set("task:1", { title: "Half a thought" });
  vi.advanceTimersByTime(1);
  second.set("task:1", { title: "Half" });
  await third.open("ada");
  expect(third.get("task:1")).toEqual({ title: "Half a thought" });
  vi.useRealTimers();
});

test("a copy is forgotten if another tab has submitted the draft, but not the tab's own text", async () => {
  const store = new MemoryStore();
  const others: Drafts[] = [];
  const first = new Drafts(store, "one", [], (gone) => {
    for (const tab of others) tab.forget(gone);
  });
  await first.open("ada");
  first.set("task:1", { title: "Milk" });
  const [copying, writing] = [new Drafts(store, "two"), new Drafts(store, "three")];
  others.push(copying, writing);
  for (const tab of others) await tab.open("ada");
  writing.set("task:1", { title: "Bread" });
  first.set("task:1", undefined);
  expect(copying.names()).toEqual([]);
  expect(writing.get("task:1")).toEqual({ title: "Bread" });
});

test("newer text of another tab is not deleted with the copy that was loaded", async () => {
  vi.useFakeTimers();
  const store = new MemoryStore();
  const [first, second] = [new Drafts(store, "one"), new Drafts(store, "two")];
  await first.open("ada");
  first.set("composer", { title: "Half" });
  await second.open("ada");
  vi.advanceTimersByTime(1);
  first.set("composer", { title: "Half a thought" });
  second.set("composer", { title: "Half of it" });
  second.set("composer", undefined);
  const third = new Drafts(store, "three");
  await third.open("ada");
  expect(third.get("composer")).toEqual({ title: "Half a thought" });
  vi.useRealTimers();
});

test("stored text is not deleted if the text that replaces it cannot be stored", async () => {
  const store = new MemoryStore();
  const before = new Drafts(store, "one");
  await before.open("ada");
  before.set("composer", { title: "Half" });
  const after = new Drafts(store, "two");
  await after.open("ada");
  store.set = async () => false;
  after.set("composer", { title: "Half a thought" });
  const next = new Drafts(store, "three");
  await next.open("ada");
  expect(next.get("composer")).toEqual({ title: "Half" });
});

test("the names of drafts change only when one is added or deleted", async () => {
  const drafts = new Drafts(new MemoryStore(), "one");
  await drafts.open("ada");
  drafts.set("composer", { title: "M" });
  const names = drafts.names();
  drafts.set("composer", { title: "Mi" });
  expect(drafts.names()).toBe(names);
  expect(names).toEqual(["composer"]);
  drafts.set("composer", undefined);
  expect(drafts.names()).toEqual([]);
});

test("text typed after the clock was set back is newer than the text that it replaces", async () => {
  vi.useFakeTimers({ now: 2_000 });
  const store = new MemoryStore();
  const [first, second] = [new Drafts(store, "one"), new Drafts(store, "two")];
  await first.open("ada");
  first.set("composer", { title: "Milk" });
  await second.open("ada");
  vi.setSystemTime(1_000);
  second.set("composer", { title: "Milk and bread" });
  first.storeAgain();
  const third = new Drafts(store, "three");
  await third.open("ada");
  expect(third.get("composer")).toEqual({ title: "Milk and bread" });
  vi.useRealTimers();
});
