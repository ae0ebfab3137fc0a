// Unsent changes: their order, retries, failures, and persistence across reloads.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Write } from "../src/features/tasks/model/entry";
import { Outbox } from "../src/features/tasks/model/outbox";
import { StoredWrites, type Tabs } from "../src/features/tasks/model/stored-writes";
import type { Task, TaskChange } from "../src/features/tasks/model/task";
import { ConflictError, type Transport } from "../src/features/tasks/model/transport";
import { ProblemError } from "../src/lib/problem";
import { MemoryStore } from "./memory-store";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const create = (title: string): Write => ({ kind: "create", title, createdAt: "2026-01-02" });
type Update = Extract<Write, { kind: "update" }>;
const update = (taskId: string, change: TaskChange): Update => ({
  kind: "update",
  taskId,
  change,
  base: { title: "old" },
});
const rename = (taskId: string, title: string): Write => update(taskId, { title });

const task = (title: string): Task => ({
  id: "1",
  title,
  description: null,
  completed: false,
  created_at: "",
  updated_at: "",
  user_id: "ada",
});

const problem = (status: number, retryAfter?: number) =>
  new ProblemError({ status, message: "refused", fields: {}, retryAfter });

/** A server whose responses a test controls. */
class Server implements Transport {
  readonly sent: string[] = [];
  readonly keys: string[] = [];
  outcomes: (Error | Task)[] = [];
  held: (() => void)[] | undefined;

  async send(id: string, write: Write): Promise<Task | undefined> {
    this.sent.push(write.kind === "update" ? (write.change.title ?? "tick") : write.title);
    this.keys.push(id);
    const outcome = this.outcomes.shift();
    if (this.held) await new Promise<void>((resolve) => this.held?.push(resolve));
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  confirmed(): void {}
}

/** Simulates the tab with this id, while the `others` are open as well. */
const tabOf = (id: string, ...others: string[]): Tabs => ({
  id,
  exclusively: (run) => run(new Set([id, ...others])),
});

const remove: Write = { kind: "delete", taskId: "1", title: "Milk" };

async function start(store = new MemoryStore(), tabs = tabOf("this")) {
  const server = new Server();
  const outbox = new Outbox(new StoredWrites(store, tabs), server);
  await outbox.open("ada");
  return { outbox, server, store };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

test("the writes to one task are sent in order, those to other tasks concurrently", async () => {
  const { outbox, server } = await start();
  server.held = [];
  outbox.add(rename("1", "first"));
  outbox.add(rename("1", "second"));
  outbox.add(rename("2", "other"));
  expect(server.sent).toEqual(["first", "other"]);
  server.held[0]?.();
  await settled();
  expect(server.sent).toEqual(["first", "other", "second"]);
});

test("a confirmed write is removed", async () => {
  const { outbox, server, store } = await start();
  outbox.add(create("Milk"));
  await settled();
  expect(server.sent).toEqual(["Milk"]);
  expect(outbox.list()).toEqual([]);
  expect(store.items.size).toBe(0);
});

test("requests to an unreachable or busy server are retried with the same key", async () => {
  for (const status of [0, 429, 502, 503, 504]) {
    const { outbox, server } = await start();
    server.outcomes = [problem(status)];
    outbox.add(create("Milk"));
    await settled();
    expect(outbox.list()[0]).toMatchObject({ state: "waiting", problem: { status } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.sent).toEqual(["Milk", "Milk"]);
    expect(server.keys[0]).toBe(server.keys[1]);
    expect(outbox.list()).toEqual([]);
  }
});

test("Retry-After is honored, also by the writes behind", async () => {
  const { outbox, server } = await start();
  server.outcomes = [problem(503, 20)];
  outbox.add(create("Milk"));
  outbox.add(create("Bread"));
  await vi.advanceTimersByTimeAsync(19_999);
  expect(server.sent).toEqual(["Milk"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(server.sent).toEqual(["Milk", "Milk", "Bread"]);
});

test("a refused write waits for the user and does not block later ones", async () => {
  const { outbox, server, store } = await start();
  server.outcomes = [problem(500)];
  const id = outbox.add(create("Milk"));
  outbox.add(create("Bread"));
  await settled();
  expect(outbox.list()).toMatchObject([{ id, state: "failed" }]);
  expect(server.sent).toEqual(["Milk", "Bread"]);
  expect(store.items.size).toBe(1);
  outbox.release(id);
  await settled();
  expect(server.sent).toEqual(["Milk", "Bread", "Milk"]);
  expect(store.items.size).toBe(0);
});

test("a held deletion can be undone, and is sent after it is released", async () => {
  const { outbox, server } = await start();
  outbox.discard(outbox.add(remove, "held"));
  const id = outbox.add(remove, "held");
  await settled();
  expect(server.sent).toEqual([]);
  outbox.release(id);
  await settled();
  expect(server.sent).toEqual(["Milk"]);
});

test("a conflict shows the other version, and can be overwritten", async () => {
  const { outbox, server } = await start();
  server.outcomes = [new ConflictError(task("theirs"))];
  const outcome = await outbox.submit(rename("1", "mine"));
  expect(outcome).toMatchObject({ kind: "failed", theirs: { title: "theirs" } });
  const [entry] = outbox.list();
  outbox.overwrite(entry?.id ?? "");
  await settled();
  expect(server.sent).toEqual(["mine", "mine"]);
  expect(outbox.list()).toEqual([]);
});

test("a later change replaces a refused one, and is compared with the text before it", async () => {
  const store = new MemoryStore();
  const { outbox, server } = await start(store);
  const rejections = [problem(500), new ConflictError(task("theirs"))];
  for (const rejection of rejections) {
    server.outcomes = [rejection];
    const first = await outbox.submit(rename("1", "first"));
    expect(first).toMatchObject({ kind: "failed", base: { title: "old" } });
    server.outcomes = [problem(503)];
    outbox.add({ ...update("1", { title: "second" }), base: { title: "first" } });
    await settled();
    expect(outbox.list()).toMatchObject([{ state: "waiting", write: rename("1", "second") }]);
    expect([...store.items.values()]).toMatchObject([{ write: rename("1", "second") }]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(outbox.list()).toEqual([]);
    expect(store.items.size).toBe(0);
  }
});

test("a change that waits behind a refused one replaces it, but only its own fields", async () => {
  const store = new MemoryStore();
  const { outbox, server } = await start(store);
  server.held = [];
  server.outcomes = [problem(500), problem(0)];
  const both = { title: "first", description: "notes" };
  outbox.add({ ...update("1", both), base: { title: "old", description: null } });
  outbox.add({ ...update("1", { title: "second" }), base: { title: "first" } });
  server.held[0]?.();
  await settled();
  server.held[1]?.();
  await settled();
  expect(outbox.list()).toMatchObject([
    { state: "failed", write: { change: { description: "notes" }, base: { description: null } } },
    { state: "waiting", write: rename("1", "second") },
  ]);
  const after = await start(store, tabOf("next"));
  await settled();
  expect(after.server.sent).toEqual(["tick", "second"]);
});

test("the refused changes of a deleted task are dropped", async () => {
  const { outbox, server, store } = await start();
  server.outcomes = [problem(500), problem(500)];
  outbox.add(rename("1", "first"));
  outbox.add(rename("2", "other"));
  await settled();
  outbox.add(remove);
  await settled();
  expect(outbox.list()).toMatchObject([{ state: "failed", write: rename("2", "other") }]);
  expect(store.items.size).toBe(1);
});

test("unsent writes survive a reload, in order and with their keys", async () => {
  const store = new MemoryStore();
  const before = await start(store);
  before.server.held = [];
  for (const title of ["One", "Two", "Three"]) before.outbox.add(create(title));
  const after = await start(store, tabOf("next"));
  await settled();
  expect(after.server.sent).toEqual(["One", "Two", "Three"]);
  expect(after.server.keys[0]).toBe(before.server.keys[0]);
});

test("the writes of another open tab are left to it", async () => {
  const store = new MemoryStore();
  const before = await start(store);
  before.server.held = [];
  before.outbox.add(create("One"));
  const after = await start(store, tabOf("next", "this"));
  expect(after.server.sent).toEqual([]);
});

test("another user does not get them, and the first user finds them again", async () => {
  const { outbox, server, store } = await start();
  server.outcomes = [problem(0)];
  outbox.add(create("Milk"));
  await settled();
  await outbox.open("bob");
  expect(outbox.list()).toEqual([]);
  await outbox.open("ada");
  await settled();
  expect(server.sent).toEqual(["Milk", "Milk"]);
  expect(store.items.size).toBe(0);
});

test("signing out erases unsent writes", async () => {
  const { outbox, server, store } = await start();
  server.outcomes = [problem(0)];
  outbox.add(create("Milk"));
  await settled();
  await outbox.open(undefined);
  await outbox.erase("ada");
  expect(store.items.size).toBe(0);
});

test("the writes of a tab that closes later are sent by another", async () => {
  const store = new MemoryStore();
  const closing = await start(store);
  closing.server.held = [];
  const open = new Set(["this", "next"]);
  const left = await start(store, { id: "next", exclusively: (run) => run(open) });
  closing.outbox.add(create("One"));
  await left.outbox.adopt();
  expect(left.server.sent).toEqual([]);
  open.delete("this");
  await left.outbox.adopt();
  await settled();
  expect(left.server.sent).toEqual(["One"]);
  expect(store.items.size).toBe(0);
});

test("before the session ends, the deletions of all tabs are sent", async () => {
  const store = new MemoryStore();
  const other = await start(store);
  other.outbox.add(remove, "held");
  const leaving = await start(store, tabOf("next", "this"));
  for (const taskId of "23456789") leaving.outbox.add({ ...remove, taskId, title: taskId }, "held");
  await leaving.outbox.sendDeletions();
  expect(leaving.server.sent.toSorted()).toEqual([..."23456789", "Milk"]);
  expect(await leaving.outbox.has("ada")).toBe(false);
});

test("a deletion that cannot be sent is still unsent", async () => {
  const { outbox, server } = await start();
  server.outcomes = [problem(0), problem(500)];
  outbox.add(remove, "held");
  outbox.add({ ...remove, taskId: "2" }, "held");
  await outbox.sendDeletions();
  expect(outbox.list()).toMatchObject([{ state: "waiting" }, { state: "failed" }]);
  expect(await outbox.has("ada")).toBe(true);
});
