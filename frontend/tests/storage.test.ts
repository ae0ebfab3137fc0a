// The browser's store when IndexedDB is unavailable.

import { expect, test } from "vitest";
import { BrowserStore } from "../src/lib/storage";

test("values that cannot be stored are kept in memory, and would be lost", async () => {
  const store = new BrowserStore();
  await store.set("ada/a", 1);
  await store.set("ada/a", 2);
  await store.set("bob/a", 3);
  expect(await store.list("ada/")).toEqual([["ada/a", 2]]);
  expect(store.isLosing()).toBe(true);
  await store.deleteAll("ada/");
  expect(await store.list("")).toEqual([["bob/a", 3]]);
  await store.delete("bob/a");
  expect(store.isLosing()).toBe(false);
});
