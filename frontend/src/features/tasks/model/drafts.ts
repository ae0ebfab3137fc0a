// Drafts of the signed-in user, kept until they are submitted or discarded: they survive a reload,
// a closed tab and an ended session.

import type { KeyValueStore } from "../../../lib/storage";

/** The values of a form by field name. */
export type Draft = Record<string, string>;

export class Drafts {
  #owner: string | undefined;
  #drafts = new Map<string, Draft>();
  /** Names of the drafts written in this tab. */
  #own = new Set<string>();

  constructor(private readonly store: KeyValueStore) {}

  /** Loads the drafts of a user; `undefined` clears those in memory, but not those stored. */
  async open(owner: string | undefined): Promise<void> {
    this.#owner = owner;
    this.#drafts = new Map();
    this.#own = new Set();
    if (owner === undefined) return;
    const prefix = prefixOf(owner);
    const stored = await this.store.list(prefix);
    if (this.#owner !== owner) return;
    for (const [key, value] of stored) {
      if (isDraft(value)) this.#drafts.set(key.slice(prefix.length), value);
    }
  }

  /** Whether a user has drafts, in any tab. */
  async has(owner: string): Promise<boolean> {
    if (this.#owner === owner && this.#drafts.size > 0) return true;
    return (await this.store.list(prefixOf(owner))).length > 0;
  }

  get(name: string): Draft | undefined {
    return this.#drafts.get(name);
  }

  /** Stores a draft under a name, or deletes it if `undefined`. */
  set(name: string, draft: Draft | undefined): void {
    if (this.#owner === undefined) return;
    const key = prefixOf(this.#owner) + name;
    if (draft === undefined) {
      this.#own.delete(name);
      if (this.#drafts.delete(name)) void this.store.delete(key);
    } else {
      this.#drafts.set(name, draft);
      this.#own.add(name);
      void this.store.set(key, draft);
    }
  }

  /** Stores the drafts of this tab again, which another tab may have replaced by its own. */
  storeAgain(): void {
    for (const name of this.#own) this.set(name, this.#drafts.get(name));
  }

  /** Deletes all drafts of a user, in memory and stored. */
  async erase(owner: string): Promise<void> {
    if (this.#owner === owner) {
      this.#drafts = new Map();
      this.#own = new Set();
    }
    await this.store.deleteAll(prefixOf(owner));
  }
}

const prefixOf = (owner: string) => `${owner}/draft/`;

function isDraft(value: unknown): value is Draft {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((text) => typeof text === "string")
  );
}
