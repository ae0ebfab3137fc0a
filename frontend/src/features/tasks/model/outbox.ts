// Unsent changes to tasks. They are stored until the server has confirmed them, sent in order for
// each task, and retried while the server is unreachable or busy.

import { type Problem, problemOf } from "../../../lib/problem";
import { randomHex } from "../../../lib/random";
import type { KeyValueStore } from "../../../lib/storage";
import { type Entry, entryOf, laneOf, type Write } from "./entry";
import { fieldsOf, type Task } from "./task";

/** The server has another value in a field that the user changed. */
export class ConflictError extends Error {
  constructor(readonly theirs: Task) {
    super("The task was changed elsewhere.");
  }
}

export type Outcome =
  | { kind: "done"; task: Task | undefined }
  /** It is stored and will be retried. */
  | { kind: "kept"; problem: Problem }
  | { kind: "failed"; id: string; problem: Problem; theirs?: Task };

export interface Transport {
  /** Sends a write. Throws what went wrong, a `ConflictError` if the task was changed elsewhere. */
  send(id: string, write: Write): Promise<Task | undefined>;
  /** Called for a confirmed write before its entry is removed. */
  confirmed(entry: Entry, task: Task | undefined): void;
}

/** Coordinates which tab sends the stored writes of closed tabs. */
export interface Tabs {
  /** Identifies this tab. */
  readonly id: string;
  /** Runs a callback with the ids of the open tabs, in one tab at a time. */
  adopt(run: (open: ReadonlySet<string>) => Promise<void>): Promise<void>;
}

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** Maximum number of requests in flight. */
const MAX_SENDING = 6;

interface Stored {
  tab: string;
  /** Position among all stored writes: milliseconds, made unique. */
  order: number;
  write: Write;
}

interface Pause {
  timer: ReturnType<typeof setTimeout>;
  lane: string;
}

type Listener = () => void;

export class Outbox {
  #owner: string | undefined;
  #entries: readonly Entry[] = [];
  #order = 0;
  readonly #listeners = new Set<Listener>();
  readonly #outcomes = new Map<string, (outcome: Outcome) => void>();
  readonly #attempts = new Map<string, number>();
  readonly #pauses = new Map<string, Pause>();

  constructor(
    private readonly store: KeyValueStore,
    private readonly transport: Transport,
    private readonly tabs: Tabs,
  ) {}

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly list = (): readonly Entry[] => this.#entries;

  /** Loads the stored writes of a user and sends them; `undefined` stops sending. */
  async open(owner: string | undefined): Promise<void> {
    this.#owner = owner;
    for (const { timer } of this.#pauses.values()) clearTimeout(timer);
    this.#pauses.clear();
    this.#attempts.clear();
    this.#outcomes.clear();
    this.#set([]);
    if (owner === undefined) return;
    await this.tabs.adopt(async (open) => {
      const stored = (await this.store.list(prefixOf(owner)))
        .filter((item): item is [string, Stored] => isStored(item[1]))
        .filter(([, { tab }]) => tab === this.tabs.id || !open.has(tab))
        .sort(([, a], [, b]) => a.order - b.order);
      for (const [key, value] of stored) {
        await this.store.set(key, { ...value, tab: this.tabs.id });
      }
      if (this.#owner !== owner) return;
      const known = new Set(this.#entries.map(({ id }) => id));
      const adopted = stored
        .map(([key, { write }]) => entryOf(key.slice(prefixOf(owner).length), write))
        .filter(({ id }) => !known.has(id));
      this.#set([...adopted, ...this.#entries]);
    });
    this.#pump();
  }

  /** Adds a write and returns its id. A held one is not sent before `release`. */
  add(write: Write, state: "held" | "waiting" = "waiting"): string {
    return this.#add(randomHex(16), write, state);
  }

  /** Adds a write and returns the outcome of the first attempt to send it. */
  submit(write: Write): Promise<Outcome> {
    return new Promise((resolve) => {
      const id = randomHex(16);
      this.#outcomes.set(id, resolve);
      this.#add(id, write, "waiting");
    });
  }

  /** Sends a held or failed write, and a waiting one without further delay. */
  release(id: string): void {
    const entry = this.#find(id);
    if (!entry || entry.state === "sending") return;
    this.#update(entryOf(id, entry.write));
    this.#resume(laneOf(entry));
  }

  /** Sends a conflicting write again, to overwrite the change made elsewhere. */
  overwrite(id: string): void {
    const entry = this.#find(id);
    if (entry?.write.kind !== "update" || !entry.theirs) return;
    const write = { ...entry.write, base: fieldsOf(entry.theirs, entry.write.change) };
    this.#update({ ...entryOf(id, write), state: "failed" });
    this.release(id);
  }

  /** Drops a write that is not being sent. */
  discard(id: string): void {
    const entry = this.#find(id);
    if (!entry || entry.state === "sending") return;
    this.#remove(entry);
    this.#resume(laneOf(entry));
  }

  /** Retries all waiting writes at once, because the network is available again. */
  resumeAll(): void {
    for (const { lane } of [...this.#pauses.values()]) this.#resume(lane);
  }

  /** Returns whether a user has unsent writes with text, in any tab. */
  async hasText(owner: string): Promise<boolean> {
    const stored = (await this.store.list(prefixOf(owner))).map(([, value]) => value);
    const own = this.#owner === owner ? this.#entries : [];
    return [...own, ...stored.filter(isStored)].some(({ write }) => write.kind !== "delete");
  }

  /** Drops all writes of a user, in memory and stored. */
  async erase(owner: string): Promise<void> {
    if (this.#owner === owner) this.#set([]);
    await this.store.deleteAll(prefixOf(owner));
  }

  #add(id: string, write: Write, state: "held" | "waiting"): string {
    this.#set([...this.#entries, { id, write, state }]);
    this.#order = Math.max(this.#order + 1, Date.now());
    this.#keep(id, { tab: this.tabs.id, order: this.#order, write });
    this.#pump();
    return id;
  }

  /** Sends the first write of every lane that is neither busy nor pausing. */
  #pump(): void {
    const busy = new Set<string>();
    let sending = this.#entries.filter(({ state }) => state === "sending").length;
    for (const entry of this.#entries) {
      const lane = laneOf(entry);
      if (busy.has(lane) || entry.state === "held" || entry.state === "failed") continue;
      busy.add(lane);
      if (entry.state !== "waiting" || this.#isPausing(lane) || sending >= MAX_SENDING) continue;
      sending += 1;
      void this.#send(entry);
    }
  }

  async #send(entry: Entry): Promise<void> {
    const owner = this.#owner;
    this.#update({ ...entry, state: "sending" });
    try {
      const task = await this.transport.send(entry.id, entry.write);
      if (owner !== undefined) void this.store.delete(prefixOf(owner) + entry.id);
      if (this.#owner !== owner) return;
      this.transport.confirmed(entry, task);
      this.#attempts.delete(entry.id);
      this.#remove(entry);
      this.#settle(entry.id, { kind: "done", task });
    } catch (error) {
      if (this.#owner !== owner) return;
      this.#fail(entry, error);
    }
    this.#pump();
  }

  #fail(entry: Entry, error: unknown): void {
    if (error instanceof ConflictError) {
      const problem: Problem = { status: 412, message: error.message, fields: {} };
      this.#update({ ...entry, state: "failed", problem, theirs: error.theirs });
      this.#settle(entry.id, { kind: "failed", id: entry.id, problem, theirs: error.theirs });
      return;
    }
    const problem = problemOf(error);
    if (!isRetried(problem)) {
      this.#update({ ...entry, state: "failed", problem });
      this.#settle(entry.id, { kind: "failed", id: entry.id, problem });
      return;
    }
    this.#update({ ...entry, state: "waiting", problem });
    this.#pause(entry, problem.retryAfter);
    this.#settle(entry.id, { kind: "kept", problem });
  }

  #pause({ id, write }: Entry, retryAfter: number | undefined): void {
    const attempts = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempts);
    const backOff = Math.min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE);
    const lane = laneOf({ write });
    const resume = () => this.#resume(lane);
    const delay = retryAfter === undefined ? backOff : retryAfter * 1_000;
    this.#pauses.set(lane, { lane, timer: setTimeout(resume, delay) });
  }

  #resume(lane: string): void {
    clearTimeout(this.#pauses.get(lane)?.timer);
    this.#pauses.delete(lane);
    this.#pump();
  }

  #isPausing(lane: string): boolean {
    return this.#pauses.has(lane);
  }

  #settle(id: string, outcome: Outcome): void {
    this.#outcomes.get(id)?.(outcome);
    this.#outcomes.delete(id);
  }

  #find(id: string): Entry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  #update(entry: Entry): void {
    this.#set(this.#entries.map((other) => (other.id === entry.id ? entry : other)));
  }

  #remove({ id }: Entry): void {
    this.#set(this.#entries.filter((other) => other.id !== id));
    if (this.#owner !== undefined) void this.store.delete(prefixOf(this.#owner) + id);
  }

  #keep(id: string, stored: Stored): void {
    if (this.#owner !== undefined) void this.store.set(prefixOf(this.#owner) + id, stored);
  }

  #set(entries: readonly Entry[]): void {
    this.#entries = entries;
    for (const listener of this.#listeners) listener();
  }
}

const prefixOf = (owner: string) => `${owner}/write/`;

/** Unreachable, not ready or busy: the same request succeeds later. */
const isRetried = ({ status }: Problem): boolean =>
  status === 0 || status === 429 || status === 502 || status === 503 || status === 504;

function isStored(value: unknown): value is Stored {
  return typeof value === "object" && value !== null && "write" in value && "tab" in value;
}
