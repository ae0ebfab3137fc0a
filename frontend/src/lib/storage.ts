// Data that survives a reload: unsent changes and drafts, in IndexedDB, separate for each user.
// Tokens and passwords are never stored.

import { clear, createStore, delMany, entries, set, type UseStore } from "idb-keyval";

/** A persistent map with string keys. Failures are ignored: the web app then works in memory. */
export interface KeyValueStore {
  /** Returns the entries whose keys start with `prefix`. */
  list(prefix: string): Promise<[string, unknown][]>;
  set(key: string, value: unknown): Promise<void>;
  delete(...keys: string[]): Promise<void>;
  /** Deletes everything whose key starts with `prefix`. */
  deleteAll(prefix: string): Promise<void>;
}

/** A store in IndexedDB, which is unavailable in some private windows and with strict settings. */
export class BrowserStore implements KeyValueStore {
  #store: UseStore | undefined;

  async list(prefix: string): Promise<[string, unknown][]> {
    const all = await this.#try((store) => entries<string, unknown>(store));
    return (all ?? []).filter(([key]) => key.startsWith(prefix));
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#try((store) => set(key, value, store));
  }

  async delete(...keys: string[]): Promise<void> {
    await this.#try((store) => delMany(keys, store));
  }

  async deleteAll(prefix: string): Promise<void> {
    if (prefix === "") await this.#try((store) => clear(store));
    else await this.delete(...(await this.list(prefix)).map(([key]) => key));
  }

  async #try<T>(work: (store: UseStore) => Promise<T>): Promise<T | undefined> {
    try {
      this.#store ??= createStore("tasks-web-app", "unsent");
      return await work(this.#store);
    } catch {
      return undefined;
    }
  }
}
