// Shares a token between tabs without storing it: a lock serializes requests, and a channel
// distributes tokens.

import { lockManager } from "../../../lib/locks";
import type { Tabs } from "./token";

/** Timeout in milliseconds for responses from other tabs. Suspended tabs do not respond. */
const PATIENCE = 200;

type Message = { kind: "ask" } | { kind: "offer" | "new"; token: string };

export interface Owner {
  readonly current: string | undefined;
  accept(token: string): void;
}

/**
 * The connection of a token store to the other tabs. Browsers offer locks only with https or on
 * localhost; without locks, requests are not serialized.
 */
export class BrowserTabs implements Tabs {
  readonly #locks = lockManager();
  #channel: BroadcastChannel | undefined;
  #hear: ((token: string) => void) | undefined;

  /**
   * Starts responding to other tabs and accepting new tokens from them. Also holds a shared lock,
   * from which each tab learns whether there are others.
   */
  listen(store: Owner): void {
    this.#channel = new BroadcastChannel("task-tokens");
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.kind === "ask") {
        if (store.current !== undefined) this.#post({ kind: "offer", token: store.current });
      } else {
        if (data.kind === "new") store.accept(data.token);
        this.#hear?.(data.token);
      }
    };
    void this.#locks
      ?.request("task-page", { mode: "shared" }, () => new Promise(() => {}))
      .catch(() => undefined);
  }

  async exclusively<T>(run: () => Promise<T>): Promise<T> {
    let result: Promise<T> | undefined;
    const once = () => {
      result = run();
      return result;
    };
    try {
      return await (this.#locks ? this.#locks.request("task-token", once) : once());
    } catch (error) {
      // Either the lock was refused, or `run` itself failed.
      if (result) throw error;
      return await run();
    }
  }

  async ask(): Promise<string | undefined> {
    if (await this.#isAlone()) return undefined;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), PATIENCE);
      this.#hear = (token) => {
        clearTimeout(timer);
        resolve(token);
      };
      this.#post({ kind: "ask" });
    });
  }

  tell(token: string): void {
    this.#post({ kind: "new", token });
  }

  async #isAlone(): Promise<boolean> {
    const { held = [] } = (await this.#locks?.query().catch(() => undefined)) ?? {};
    return this.#locks !== undefined && held.filter(({ name }) => name === "task-page").length < 2;
  }

  #post(message: Message): void {
    this.#channel?.postMessage(message);
  }
}
