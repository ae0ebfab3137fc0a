// Unsent changes to tasks. They are stored until the server has confirmed them, sent in order for
// each task, and retried while the server is unreachable or busy.

import { type Problem, problemOf } from "../../../lib/problem";
import { randomHex } from "../../../lib/random";
import { type Entry, entryOf, laneOf, overwriting, superseded, type Write } from "./entry";
import type { Outcome } from "./outcome";
import { Pauses } from "./pauses";
import type { StoredWrites } from "./stored-writes";
import { ConflictError, isRetried, type Transport } from "./transport";

/** Maximum number of requests in flight. */
const MAX_SENDING = 6;

type Listener = () => void;

export class Outbox {
  #owner: string | undefined;
  #entries: readonly Entry[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #outcomes = new Map<string, (outcome: Outcome) => void>();
  readonly #pauses = new Pauses();

  constructor(
    private readonly stored: StoredWrites,
    private readonly transport: Transport,
  ) {}

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly list = (): readonly Entry[] => this.#entries;

  /**
   * Loads a user's writes that this tab or closed tabs have stored, and sends them. `undefined`
   * stops sending.
   */
  async open(owner: string | undefined): Promise<void> {
    this.#owner = owner;
    this.#pauses.clear();
    this.#outcomes.clear();
    this.#set([]);
    if (owner === undefined) return;
    const own = await this.stored.listOwn(owner);
    if (this.#owner !== owner) return;
    this.#append(own);
    await this.adopt();
  }

  /** Takes over the stored writes of closed tabs, and sends them. */
  async adopt(): Promise<void> {
    const owner = this.#owner;
    if (owner === undefined) return;
    await this.stored.adopt(owner, (writes) => {
      if (this.#owner === owner) this.#append(writes);
    });
  }

  /** Adds a write and returns its id. A held write is not sent before `release` is called. */
  add(write: Write, state: "held" | "waiting" = "waiting"): string {
    return this.#add(randomHex(16), write, state);
  }

  /**
   * Adds a write and returns the outcome of the first attempt to send it. The promise is never
   * settled if the write is discarded, or the user changes, before the attempt ends.
   */
  submit(write: Write): Promise<Outcome> {
    return new Promise((resolve) => {
      const id = randomHex(16);
      this.#outcomes.set(id, resolve);
      this.#add(id, write, "waiting");
    });
  }

  /** Sends a held or failed write, or a waiting one without further delay. */
  release(id: string): void {
    const entry = this.#find(id);
    if (!entry || entry.state === "sending") return;
    this.#update(entryOf(id, entry.write));
    this.#resume(laneOf(entry));
  }

  /** Sends a conflicting write again, to overwrite the change made elsewhere. */
  overwrite(id: string): void {
    const entry = this.#find(id);
    if (!entry?.theirs) return;
    const write = overwriting(entry.write, entry.theirs);
    this.#update({ ...entryOf(id, write), state: "failed" });
    this.release(id);
  }

  /** Drops a write, unless it is being sent. */
  discard(id: string): void {
    const entry = this.#find(id);
    if (!entry || entry.state === "sending") return;
    this.#remove(entry);
    this.#resume(laneOf(entry));
  }

  /** Retries all waiting writes immediately, because the network is available again. */
  resumeAll(): void {
    for (const lane of this.#pauses.lanes()) this.#resume(lane);
  }

  /**
   * Sends the deletions of all tabs, even those that could still be undone. Resolves when each
   * deletion has been sent or cannot be sent now.
   */
  async sendDeletions(): Promise<void> {
    const owner = this.#owner;
    if (owner === undefined) return;
    const others = await this.stored.listOthers(owner);
    if (this.#owner !== owner) return;
    this.#append(others.filter(({ write }) => write.kind === "delete"));
    for (const { id, state } of this.#entries) if (state === "held") this.release(id);
    await new Promise<void>((resolve) => {
      const check = () => {
        if (this.#entries.some((entry) => this.#isLeaving(entry))) return;
        unsubscribe();
        resolve();
      };
      const unsubscribe = this.subscribe(check);
      check();
    });
  }

  /** Returns whether a user has unsent writes, in any tab. */
  async has(owner: string): Promise<boolean> {
    if (this.#owner === owner && this.#entries.length > 0) return true;
    return (await this.stored.list(owner)).length > 0;
  }

  /** Drops all writes of a user, in memory and stored. */
  async erase(owner: string): Promise<void> {
    if (this.#owner === owner) this.#set([]);
    await this.stored.erase(owner);
  }

  /** Appends the stored writes that are not in memory yet, and sends them. */
  #append(writes: readonly { id: string; write: Write }[]): void {
    const known = new Set(this.#entries.map(({ id }) => id));
    const added = writes.filter(({ id }) => !known.has(id));
    this.#set([...this.#entries, ...added.map(({ id, write }) => entryOf(id, write))]);
    this.#pump();
  }

  /** Returns whether an entry is a deletion that is being sent, or will be sent without a delay. */
  #isLeaving(entry: Entry): boolean {
    if (entry.write.kind !== "delete") return false;
    return (
      entry.state === "sending" || (entry.state === "waiting" && !this.#pauses.has(laneOf(entry)))
    );
  }

  #add(id: string, write: Write, state: "held" | "waiting"): string {
    this.#set([...this.#entries, { id, write, state }]);
    if (this.#owner !== undefined) this.stored.set(this.#owner, id, write);
    this.#supersede();
    this.#pump();
    return id;
  }

  /** Applies `superseded` to the entries, both in memory and stored. */
  #supersede(): void {
    const before = this.#entries;
    const after = superseded(before);
    if (after === before) return;
    this.#set(after);
    const owner = this.#owner;
    if (owner === undefined) return;
    for (const { id, write } of before) {
      const entry = this.#find(id);
      if (!entry) this.stored.delete(owner, id);
      else if (entry.write !== write) this.stored.set(owner, id, entry.write);
    }
  }

  /**
   * Sends the next write of every lane (see `laneOf`) that is neither busy nor pausing, as long as
   * fewer than `MAX_SENDING` writes are in flight.
   */
  #pump(): void {
    const busy = new Set<string>();
    let sending = this.#entries.filter(({ state }) => state === "sending").length;
    for (const entry of this.#entries) {
      const lane = laneOf(entry);
      if (busy.has(lane) || entry.state === "held" || entry.state === "failed") continue;
      busy.add(lane);
      if (entry.state !== "waiting" || this.#pauses.has(lane) || sending >= MAX_SENDING) continue;
      sending += 1;
      void this.#send(entry);
    }
  }

  async #send(entry: Entry): Promise<void> {
    const owner = this.#owner;
    this.#update({ ...entry, state: "sending" });
    try {
      const task = await this.transport.send(entry.id, entry.write);
      if (owner !== undefined) this.stored.delete(owner, entry.id);
      if (this.#owner !== owner) return;
      this.transport.confirmed(entry, task);
      this.#pauses.forget(entry.id);
      this.#remove(entry);
      if (entry.write.kind === "delete") this.#dropRefused(entry.write.taskId);
      this.#settle(entry.id, { kind: "done", task });
    } catch (error) {
      if (this.#owner !== owner) return;
      this.#fail(entry, error);
    }
    this.#pump();
  }

  /** Drops the refused changes of a task that the user has deleted. */
  #dropRefused(taskId: string): void {
    for (const entry of this.#entries) {
      const isRefused = entry.write.kind === "update" && entry.state === "failed";
      if (isRefused && laneOf(entry) === taskId) this.#remove(entry);
    }
  }

  #fail(entry: Entry, error: unknown): void {
    if (error instanceof ConflictError) {
      const problem: Problem = { status: 412, message: error.message, fields: {} };
      this.#refuse({ ...entry, problem, theirs: error.theirs }, problem);
      return;
    }
    const problem = problemOf(error);
    if (!isRetried(problem)) {
      this.#refuse({ ...entry, problem }, problem);
      return;
    }
    this.#update({ ...entry, state: "waiting", problem });
    const lane = laneOf(entry);
    this.#pauses.start(entry.id, lane, problem.retryAfter, () => this.#resume(lane));
    this.#settle(entry.id, { kind: "kept", problem });
  }

  #refuse(entry: Entry, problem: Problem): void {
    const { id, write, theirs } = entry;
    const base = write.kind === "update" ? write.base : {};
    this.#update({ ...entry, state: "failed" });
    this.#settle(id, { kind: "failed", id, problem, base, ...(theirs && { theirs }) });
    this.#supersede();
  }

  #resume(lane: string): void {
    this.#pauses.end(lane);
    this.#pump();
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
    if (this.#owner !== undefined) this.stored.delete(this.#owner, id);
  }

  #set(entries: readonly Entry[]): void {
    this.#entries = entries;
    for (const listener of this.#listeners) listener();
  }
}
