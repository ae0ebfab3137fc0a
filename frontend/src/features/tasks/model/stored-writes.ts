// The unsent changes of each user in this browser's storage, from all tabs.

import type { KeyValueStore } from "../../../lib/storage";
import type { Write } from "./entry";

/** The open tabs of this browser. */
export interface Tabs {
  /** Id of this tab. */
  readonly id: string;
  /** Runs a callback with the open tabs' ids, in one tab at a time if the browser offers locks. */
  exclusively(run: (open: ReadonlySet<string>) => Promise<void>): Promise<void>;
}

interface Stored {
  /** Id of the tab that sends the write. */
  tab: string;
  /**
   * Position among all stored writes: a time in milliseconds, increased where necessary to follow
   * all writes that the tab knows, even if the clock is set back.
   */
  order: number;
  write: Write;
}

export interface StoredWrite extends Stored {
  id: string;
}

export class StoredWrites {
  #order = 0;
  /** The positions of the known writes, by id. */
  readonly #orders = new Map<string, number>();

  constructor(
    private readonly store: KeyValueStore,
    private readonly tabs: Tabs,
  ) {}

  /** Returns the writes of a user in all tabs, oldest first. */
  async list(owner: string): Promise<StoredWrite[]> {
    const prefix = prefixOf(owner);
    const writes = (await this.store.list(prefix))
      .flatMap(([key, value]) =>
        isStored(value) ? [{ ...value, id: key.slice(prefix.length) }] : [],
      )
      .sort((a, b) => a.order - b.order);
    for (const { id, order } of writes) {
      this.#orders.set(id, order);
      this.#order = Math.max(this.#order, order);
    }
    return writes;
  }

  async listOwn(owner: string): Promise<StoredWrite[]> {
    return (await this.list(owner)).filter((write) => this.#isOwn(write));
  }

  async listOthers(owner: string): Promise<StoredWrite[]> {
    return (await this.list(owner)).filter((write) => !this.#isOwn(write));
  }

  /** Assigns the writes of closed tabs to this tab, and passes them to `take`. */
  async adopt(owner: string, take: (writes: readonly StoredWrite[]) => void): Promise<void> {
    await this.tabs.exclusively(async (open) => {
      const left = (await this.listOthers(owner)).filter(({ tab }) => !open.has(tab));
      for (const { id, order, write } of left) await this.#set(owner, id, order, write);
      take(left);
    });
  }

  /** Stores a write after all others or, if it is already stored, at its position. */
  set(owner: string, id: string, write: Write): void {
    void this.#set(owner, id, this.#orders.get(id) ?? this.#next(), write);
  }

  delete(owner: string, id: string): void {
    this.#orders.delete(id);
    void this.store.delete(prefixOf(owner) + id);
  }

  /**
   * Deletes all writes of a user. `exclusively` prevents other tabs from adopting a write at the
   * same time.
   */
  async erase(owner: string): Promise<void> {
    await this.tabs.exclusively(() => this.store.deleteAll(prefixOf(owner)));
  }

  #next(): number {
    this.#order = Math.max(this.#order + 1, Date.now());
    return this.#order;
  }

  #isOwn({ tab }: Stored): boolean {
    return tab === this.tabs.id;
  }

  #set(owner: string, id: string, order: number, write: Write): Promise<boolean> {
    this.#orders.set(id, order);
    const stored: Stored = { tab: this.tabs.id, order, write };
    return this.store.set(prefixOf(owner) + id, stored);
  }
}

const prefixOf = (owner: string) => `${owner}/write/`;

function isStored(value: unknown): value is Stored {
  return typeof value === "object" && value !== null && "write" in value && "tab" in value;
}
