// Coordinates the open tabs of this browser. Each tab holds a lock until it is closed, so that the
// other tabs know that it is open. Tabs also exchange messages: to announce a new tab, to make
// deletions final, and to find the open tabs in browsers without locks.

import { lockManager } from "../../../lib/locks";
import { randomHex } from "../../../lib/random";
import type { Tabs } from "./stored-writes";

const PREFIX = "task-outbox-";

/** Time in milliseconds for the responses of other tabs. Suspended tabs do not respond. */
const PATIENCE = 200;

type Message =
  | { kind: "opened" | "present"; tab: string }
  | { kind: "roll call" }
  | { kind: "finish deletions" };

export interface TabEvents {
  /** Called when another tab has been closed, so that its unsent writes can be adopted. */
  closed(): void;
  /** Called when the user starts to sign out in another tab: deletions must be made final. */
  finishDeletions(): void;
}

/**
 * The open tabs, as known from the browser's locks. Browsers offer locks only with https or on
 * localhost, and privacy settings may disable them. Without locks, open tabs are found by asking
 * them, and a closed tab is only noticed when a page is loaded or a user signs in.
 */
export class TabLocks implements Tabs {
  readonly id = randomHex(8);
  readonly #locks = lockManager();
  /** The tabs that have responded, for each roll call in progress. */
  readonly #rolls = new Set<Set<string>>();
  #channel: BroadcastChannel | undefined;
  #events: TabEvents | undefined;

  /** Registers this tab as open until it is closed, and starts to watch the others. */
  start(events: TabEvents): void {
    this.#events = events;
    this.#channel = new BroadcastChannel("task-outbox");
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.kind === "opened") this.#watch(data.tab);
      else if (data.kind === "roll call") this.#post({ kind: "present", tab: this.id });
      else if (data.kind === "present") for (const roll of this.#rolls) roll.add(data.tab);
      else events.finishDeletions();
    };
    void this.#locks?.request(PREFIX + this.id, () => this.#stayOpen()).catch(() => undefined);
  }

  async exclusively(run: (open: ReadonlySet<string>) => Promise<void>): Promise<void> {
    let isRun = false;
    const once = async (open: ReadonlySet<string>) => {
      isRun = true;
      await run(open);
    };
    const locks = this.#locks;
    try {
      if (locks) await locks.request("task-outbox", async () => once(await openTabs(locks)));
      else await once(await this.#callRoll());
    } catch (error) {
      if (isRun) throw error;
      await run(await this.#callRoll());
    }
  }

  /** Returns the ids of the other tabs that respond in time. */
  async #callRoll(): Promise<ReadonlySet<string>> {
    const roll = new Set<string>();
    this.#rolls.add(roll);
    this.#post({ kind: "roll call" });
    await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    this.#rolls.delete(roll);
    return roll;
  }

  /** Makes the deletions of the other tabs final. */
  finishDeletions(): void {
    this.#post({ kind: "finish deletions" });
  }

  /**
   * Watches the tabs that are already open, and then announces this one to them. With this order,
   * two tabs that are opened at the same time see each other. During a reload, the previous page
   * may still hold its lock and counts as another tab. The promise is never settled, which keeps
   * the lock.
   */
  async #stayOpen(): Promise<never> {
    const open = this.#locks ? await openTabs(this.#locks).catch(() => []) : [];
    for (const tab of open) this.#watch(tab);
    this.#post({ kind: "opened", tab: this.id });
    return await new Promise(() => {});
  }

  /** Waits for the lock of another tab, which is available once that tab is closed. */
  #watch(tab: string): void {
    if (tab === this.id) return;
    void this.#locks
      ?.request(PREFIX + tab, () => undefined)
      .then(() => this.#events?.closed())
      .catch(() => undefined);
  }

  #post(message: Message): void {
    this.#channel?.postMessage(message);
  }
}

async function openTabs(locks: LockManager): Promise<Set<string>> {
  const { held = [] } = await locks.query();
  const open = held.flatMap(({ name = "" }) =>
    name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
  );
  return new Set(open);
}
