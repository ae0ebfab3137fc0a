// An in-memory store for tests.

import type { KeyValueStore } from "../src/lib/storage";

export class MemoryStore implements KeyValueStore {
  readonly items = new Map<string, unknown>();

  async list(prefix: string): Promise<[string, unknown][]> {
    return [...this.items].filter(([key]) => key.startsWith(prefix));
  }

  async set(key: string, value: unknown): Promise<boolean> {
    this.items.set(key, value);
    return true;
  }

  async delete(...keys: string[]): Promise<void> {
    for (const key of keys) this.items.delete(key);
  }

  async deleteIf(key: string, isExpected: (value: unknown) => boolean): Promise<void> {
    if (isExpected(this.items.get(key))) this.items.delete(key);
  }

  async deleteAll(prefix: string): Promise<void> {
    for (const [key] of await this.list(prefix)) this.items.delete(key);
  }
}
