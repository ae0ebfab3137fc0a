// Detection of open and closed tabs, and the messages between tabs.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TabLocks } from "../src/features/tasks/model/tab-locks";
import { Channel } from "./channel";

type Granted = (lock: null) => unknown;

interface Request {
  run(): Promise<unknown>;
  done(result: unknown): void;
}

/** Stands in for `navigator.locks`: grants exclusive locks in the order of the requests. */
class Locks {
  readonly #queues = new Map<string, Request[]>();

  request(name: string, run: Granted): Promise<unknown> {
    return new Promise((done) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      queue.push({ run: async () => await run(null), done });
      if (queue.length === 1) this.#grant(name);
    });
  }

  async query() {
    return { held: [...this.#queues.keys()].map((name) => ({ name })) };
  }

  /** Releases a lock, as the browser does when its tab is closed. */
  release(name: string): void {
    const queue = this.#queues.get(name) ?? [];
    queue.shift();
    if (queue.length > 0) this.#grant(name);
    else this.#queues.delete(name);
  }

  #grant(name: string): void {
    const [first] = this.#queues.get(name) ?? [];
    if (!first) return;
    const result = first.run();
    first.done(result);
    const release = () => this.release(name);
    void result.then(release, release);
  }
}

let locks: Locks;

beforeEach(() => {
  locks = new Locks();
  Channel.all = [];
  vi.stubGlobal("BroadcastChannel", Channel);
  vi.stubGlobal("navigator", { locks });
});

afterEach(() => void vi.unstubAllGlobals());

function openTab() {
  const tab = new TabLocks();
  const events = { closed: vi.fn(), finishDeletions: vi.fn() };
  tab.start(events);
  return { tab, events, close: () => locks.release(`task-outbox-${tab.id}`) };
}

async function seenBy(tab: TabLocks): Promise<ReadonlySet<string>> {
  let seen: ReadonlySet<string> = new Set();
  await tab.exclusively(async (open) => {
    seen = open;
  });
  return seen;
}

test("a tab detects the other open tabs", async () => {
  const [first, second] = [openTab(), openTab()];
  expect(await seenBy(second.tab)).toEqual(new Set([first.tab.id, second.tab.id]));
  first.close();
  await vi.waitFor(async () => {
    expect(await seenBy(second.tab)).toEqual(new Set([second.tab.id]));
  });
});

test("each of two tabs detects that the other was closed", async () => {
  for (const isFirst of [true, false]) {
    locks = new Locks();
    vi.stubGlobal("navigator", { locks });
    Channel.all = [];
    const [first, second] = [openTab(), openTab()];
    const [closing, staying] = isFirst ? [first, second] : [second, first];
    await seenBy(first.tab);
    expect(staying.events.closed).not.toHaveBeenCalled();
    closing.close();
    await vi.waitFor(() => expect(staying.events.closed).toHaveBeenCalled());
  }
});

test("the other tabs make their deletions final", () => {
  const [first, second] = [openTab(), openTab()];
  first.tab.finishDeletions();
  expect(second.events.finishDeletions).toHaveBeenCalledOnce();
  expect(first.events.finishDeletions).not.toHaveBeenCalled();
});

test("without locks, a tab detects the other open tabs, but none that is suspended", async () => {
  vi.stubGlobal("navigator", {});
  const [first, second] = [openTab(), openTab()];
  expect(await seenBy(second.tab)).toEqual(new Set([first.tab.id]));
  Channel.all.splice(0, 1);
  expect(await seenBy(second.tab)).toEqual(new Set());
});

test("an error of the callback is not mistaken for a refused lock", async () => {
  const { tab } = openTab();
  const run = vi.fn(() => Promise.reject(new Error("storage")));
  await expect(tab.exclusively(run)).rejects.toThrow("storage");
  expect(run).toHaveBeenCalledOnce();
});
