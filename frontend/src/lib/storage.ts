// Data that survives a reload: unsent changes and drafts, in IndexedDB, separate for each user.
// Tokens and passwords are never stored.

import { clear, createStore, entries, promisifyRequest, type UseStore } from "idb-keyval";

/** A map with string keys, which is persistent unless the browser refuses to store it. */
export interface KeyValueStore {
  /** Returns the entries whose keys start with `prefix`. */
  list(prefix: string): Promise<[string, unknown][]>;
  /** Sets a value, and returns whether it is persistent. */
  set(key: string, value: unknown): Promise<boolean>;
  delete(...keys: string[]): Promise<void>;
  /** Deletes a stored value if it is the expected one; another tab may have replaced it. */
  deleteIf(key: string, isExpected: (value: unknown) => boolean): Promise<void>;
  /** Deletes all entries whose keys start with `prefix`. */
  deleteAll(prefix: string): Promise<void>;
}

/** Time in milliseconds after which a request to the browser's database counts as failed. */
const TIMEOUT = 5_000;

/**
 * A store in IndexedDB, which is unavailable in some private windows, with strict settings and on a
 * full disk, and may not respond at all. Values that cannot be stored are kept in memory.
 */
export class BrowserStore implements KeyValueStore {
  #store: UseStore | undefined;
  /** The values that are not stored yet or cannot be stored. */
  readonly #unstored = new Map<string, unknown>();
  #hasFailed = false;
  /** Whether a request has timed out. Until the database responds, further requests fail at once. */
  #isOverdue = false;
  /** The outcome of the latest `set`. The database sets values in order. */
  #latest: Promise<boolean> = Promise.resolve(true);
  readonly #listeners = new Set<() => void>();

  /** Calls `listener` when the result of `hasFailed` may have changed. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Returns whether a request to the browser's database has failed or is overdue. */
  readonly hasFailed = (): boolean => this.#hasFailed || this.#isOverdue;

  /** Waits for the values that are being stored, and returns whether all values are persistent. */
  async isPersistent(): Promise<boolean> {
    await this.#latest;
    return !this.hasFailed();
  }

  /** Returns whether closing the page may lose values because the browser could not store them. */
  isLosing(): boolean {
    return this.hasFailed() && this.#unstored.size > 0;
  }

  async list(prefix: string): Promise<[string, unknown][]> {
    const stored: [string, unknown][] = [];
    await this.#try(async (store) => void stored.push(...(await entries<string, unknown>(store))));
    const all = new Map([...stored, ...this.#unstored]);
    return [...all].filter(([key]) => key.startsWith(prefix));
  }

  async set(key: string, value: unknown): Promise<boolean> {
    this.#unstored.set(key, value);
    this.#latest = this.#try(async (store) => {
      await store("readwrite", (values) => {
        values.put(value, key);
        return commit(values);
      });
      if (this.#unstored.get(key) === value) this.#unstored.delete(key);
    });
    return await this.#latest;
  }

  async delete(...keys: string[]): Promise<void> {
    for (const key of keys) this.#unstored.delete(key);
    await this.#try(async (store) => {
      await store("readwrite", (values) => {
        for (const key of keys) values.delete(key);
        return commit(values);
      });
    });
  }

  async deleteIf(key: string, isExpected: (value: unknown) => boolean): Promise<void> {
    await this.#try(async (store) => {
      await store("readwrite", (values) => {
        const found = values.get(key);
        found.onsuccess = () => {
          if (isExpected(found.result)) values.delete(key);
        };
        return promisifyRequest(values.transaction);
      });
    });
  }

  async deleteAll(prefix: string): Promise<void> {
    if (prefix !== "") return await this.delete(...(await this.list(prefix)).map(([key]) => key));
    this.#unstored.clear();
    await this.#try((store) => clear(store));
  }

  /** Runs `work` and returns whether it succeeds in time. It may still succeed after a timeout. */
  async #try(work: (store: UseStore) => Promise<void>): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<boolean>((resolve) => {
      const give = () => {
        this.#isOverdue = true;
        this.#notify();
        resolve(false);
      };
      timer = setTimeout(give, this.#isOverdue ? 0 : TIMEOUT);
    });
    const done = this.#run(work).finally(() => {
      clearTimeout(timer);
      this.#isOverdue = false;
      this.#notify();
    });
    return await Promise.race([done, timeout]);
  }

  async #run(work: (store: UseStore) => Promise<void>): Promise<boolean> {
    try {
      this.#store ??= createStore("tasks-web-app", "unsent");
      await work(this.#store);
      return true;
    } catch {
      this.#hasFailed = true;
      return false;
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Commits a transaction explicitly. Otherwise, closing the page at once would abort it. */
function commit({ transaction }: IDBObjectStore): Promise<void> {
  transaction.commit();
  return promisifyRequest(transaction);
}
