// Detects the open tabs of this browser by locks, which are released when a tab is closed.

import { lockManager } from "../../../lib/locks";
import { randomHex } from "../../../lib/random";
import type { Tabs } from "./outbox";

const PREFIX = "task-outbox-";

/** Locks need https or localhost, and privacy settings may refuse them: then tabs are not coordinated. */
export class TabLocks implements Tabs {
  readonly id = randomHex(8);
  readonly #locks = lockManager();

  /** Registers this tab as open until it is closed. */
  start(): void {
    void this.#locks?.request(PREFIX + this.id, () => new Promise(() => {})).catch(() => undefined);
  }

  async adopt(run: (open: ReadonlySet<string>) => Promise<void>): Promise<void> {
    const locks = this.#locks;
    if (!locks) return await run(new Set());
    let isRun = false;
    const once = async (open: ReadonlySet<string>) => {
      isRun = true;
      await run(open);
    };
    try {
      await locks.request("task-outbox", async () => {
        const { held = [] } = await locks.query();
        const open = held.flatMap(({ name = "" }) =>
          name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
        );
        await once(new Set(open));
      });
    } catch {
      if (!isRun) await run(new Set());
    }
  }
}
