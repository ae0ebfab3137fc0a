// Drafts of the signed-in user, kept until they are submitted or discarded: they survive a reload,
// a closed tab and an ended session.

import type { KeyValueStore } from "./storage";

/** The values of a form by field name, and for some forms the values that they replace. */
export type Draft = Record<string, string>;

interface Stored {
  name: string;
  draft: Draft;
  /**
   * Time at which the draft was stored, in milliseconds since the epoch, but later than that of the
   * draft that it replaces, even if the clock is set back.
   */
  at: number;
}

interface Known {
  /** The key under which the draft is stored. */
  key: string;
  draft: Draft;
  /** Time at which the draft was stored, in milliseconds since the epoch. */
  at: number;
}

/** A draft that a tab has submitted or discarded. */
export interface GoneDraft {
  owner: string;
  name: string;
  at: number;
}

type Listener = () => void;

/**
 * The drafts of a user. Each tab stores its drafts under its own keys, so that it does not
 * overwrite those of other tabs.
 */
export class Drafts {
  #owner: string | undefined;
  #drafts = new Map<string, Known>();
  #names: readonly string[] = [];
  readonly #listeners = new Set<Listener>();

  /**
   * `earlier` contains the ids that this tab had before it was reloaded. `tell` informs the other
   * tabs of a draft that this tab has submitted or discarded.
   */
  constructor(
    private readonly store: KeyValueStore,
    private readonly tab: string,
    private readonly earlier: readonly string[] = [],
    private readonly tell: (gone: GoneDraft) => void = () => {},
  ) {}

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly names = (): readonly string[] => this.#names;

  /**
   * Loads a user's drafts. If several drafts have the same name, the draft of this tab is used, or
   * else the newest draft. If `owner` is `undefined`, the drafts in memory are cleared, but not the
   * stored ones.
   */
  async open(owner: string | undefined): Promise<void> {
    this.#owner = owner;
    this.#drafts = new Map();
    this.#changeNames();
    if (owner === undefined) return;
    const stored = (await this.store.list(prefixOf(owner))).flatMap(([key, value]) =>
      isStoredDraft(value) ? [{ ...value, key }] : [],
    );
    if (this.#owner !== owner) return;
    const isOwn = ({ key, name }: { key: string; name: string }) =>
      Number(this.#isOwn(owner, key, name));
    stored.sort((a, b) => isOwn(a) - isOwn(b) || a.at - b.at);
    for (const { name, key, draft, at } of stored) {
      this.#drafts.set(name, { key, draft, at });
    }
    this.#changeNames();
  }

  /** Returns whether a user has drafts, in any tab. */
  async has(owner: string): Promise<boolean> {
    if (this.#owner === owner && this.#drafts.size > 0) return true;
    return (await this.store.list(prefixOf(owner))).length > 0;
  }

  get(name: string): Draft | undefined {
    return this.#drafts.get(name)?.draft;
  }

  /** Stores a draft under a name. `undefined` deletes the draft. */
  set(name: string, draft: Draft | undefined): void {
    if (this.#owner === undefined) return;
    const before = this.#drafts.get(name);
    const key = this.#keyOf(this.#owner, name);
    let isStored: Promise<boolean> | undefined;
    if (draft === undefined) {
      this.#drafts.delete(name);
      if (before) this.tell({ owner: this.#owner, name, at: before.at });
    } else {
      // Text of another tab that is only taken over keeps its time.
      const isTyped = !before || !isSame(before.draft, draft);
      const at = isTyped ? Math.max(Date.now(), (before?.at ?? 0) + 1) : before.at;
      const stored: Stored = { name, draft, at };
      this.#drafts.set(name, { key, draft, at });
      isStored = this.store.set(key, stored);
    }
    if (before && before.key !== key) void this.#replace(before, isStored);
    else if (before && draft === undefined) void this.store.delete(key);
    if ((before === undefined) !== (draft === undefined)) this.#changeNames();
  }

  /** Forgets the copy of a draft that another tab has submitted or discarded. */
  forget({ owner, name, at }: GoneDraft): void {
    const known = this.#drafts.get(name);
    if (owner !== this.#owner || !known || known.at > at) return;
    if (this.#isOwn(owner, known.key, name)) return;
    this.#drafts.delete(name);
    this.#changeNames();
  }

  /**
   * Stores this tab's drafts again, in case another tab has taken over or deleted them. They keep
   * their times, so that text typed in another tab meanwhile remains newer. A draft under an earlier
   * id of this tab is moved, because a duplicate of this tab has the same earlier ids.
   */
  storeAgain(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    for (const [name, known] of this.#drafts) {
      const { draft, at } = known;
      if (!this.#isOwn(owner, known.key, name)) continue;
      const key = this.#keyOf(owner, name);
      const isStored = this.store.set(key, { name, draft, at });
      if (key === known.key) continue;
      this.#drafts.set(name, { key, draft, at });
      void this.#replace(known, isStored);
    }
  }

  /** Deletes all drafts of a user, in memory and in storage. */
  async erase(owner: string): Promise<void> {
    if (this.#owner === owner) {
      this.#drafts = new Map();
      this.#changeNames();
    }
    await this.store.deleteAll(prefixOf(owner));
  }

  /**
   * Deletes a draft that another tab has stored, unless that tab has stored newer text since this
   * one loaded the draft, or the text that replaces the draft cannot be stored.
   */
  async #replace({ key, at }: Known, isStored?: Promise<boolean>): Promise<void> {
    if (isStored && !(await isStored)) return;
    await this.store.deleteIf(key, (value) => isStoredDraft(value) && value.at === at);
  }

  #keyOf(owner: string, name: string, tab: string = this.tab): string {
    return `${prefixOf(owner)}${tab}/${name}`;
  }

  /** Returns whether this tab has stored a draft, now or before it was reloaded. */
  #isOwn(owner: string, key: string, name: string): boolean {
    return [this.tab, ...this.earlier].some((tab) => key === this.#keyOf(owner, name, tab));
  }

  #changeNames(): void {
    this.#names = [...this.#drafts.keys()];
    for (const listener of this.#listeners) listener();
  }
}

const isSame = (a: Draft, b: Draft): boolean =>
  Object.keys({ ...a, ...b }).every((field) => a[field] === b[field]);

const prefixOf = (owner: string) => `${owner}/draft/`;

function isStoredDraft(value: unknown): value is Stored {
  return typeof value === "object" && value !== null && "draft" in value && "name" in value;
}
