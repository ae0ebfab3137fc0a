// Drafts, separate for each user.

import { expect, test } from "vitest";
import { Drafts } from "../src/features/tasks/model/drafts";
import { MemoryStore } from "./memory-store";

test("a draft survives a reload, for its user alone", async () => {
  const store = new MemoryStore();
  const before = new Drafts(store);
  await before.open("ada");
  before.set("composer", { title: "Buy mi" });

  const after = new Drafts(store);
  await after.open("bob");
  expect(after.get("composer")).toBeUndefined();
  await after.open("ada");
  expect(after.get("composer")).toEqual({ title: "Buy mi" });
});

test("a discarded draft and those of a user who signs out are deleted", async () => {
  const store = new MemoryStore();
  const drafts = new Drafts(store);
  await drafts.open("ada");
  drafts.set("composer", { title: "a" });
  drafts.set("composer", undefined);
  expect(store.items.size).toBe(0);
  drafts.set("task:1", { title: "b" });
  await drafts.open(undefined);
  await drafts.erase("ada");
  expect(store.items.size).toBe(0);
});

test("of two tabs with a draft of the same name, the last one used is kept", async () => {
  const store = new MemoryStore();
  const [first, second] = [new Drafts(store), new Drafts(store)];
  await first.open("ada");
  await second.open("ada");
  first.set("composer", { title: "Milk" });
  second.set("composer", { title: "Bread" });
  first.storeAgain();
  expect([...store.items.values()]).toEqual([{ title: "Milk" }]);
  first.set("composer", undefined);
  first.storeAgain();
  expect(store.items.size).toBe(0);
});
