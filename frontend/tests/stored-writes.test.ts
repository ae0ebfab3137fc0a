// The order of stored writes.

import { expect, test, vi } from "vitest";
import { StoredWrites } from "../src/features/tasks/model/stored-writes";
import { MemoryStore } from "./memory-store";

test("a write that is stored after the clock was set back follows the earlier ones", async () => {
  vi.useFakeTimers({ now: 2_000 });
  const store = new MemoryStore();
  const tabOf = (id: string) =>
    new StoredWrites(store, { id, exclusively: (run) => run(new Set([id])) });
  const write = { kind: "delete", taskId: "1", title: "Milk" } as const;
  tabOf("before").set("ada", "first", write);
  vi.setSystemTime(1_000);
  const after = tabOf("after");
  await after.list("ada");
  after.set("ada", "second", write);
  expect((await after.list("ada")).map(({ id }) => id)).toEqual(["first", "second"]);
  vi.useRealTimers();
});
