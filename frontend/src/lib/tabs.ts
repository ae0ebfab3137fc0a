// How tabs share a token without storing it: a lock lets one ask at a time, a channel hands around.

import type { Tabs } from "./token";

/** How long another tab may take to answer; one that sleeps does not. */
const PATIENCE = 200;

type Message = { kind: "ask" } | { kind: "offer" | "new"; token: string };

export interface Owner {
  readonly current: string | undefined;
  accept(token: string): void;
}

/** The other tabs, for a store that is given to `listen`. Locks need https or localhost. */
export class BrowserTabs implements Tabs {
  readonly #channel = new BroadcastChannel("task-tokens");
  readonly #locks: LockManager | undefined = navigator.locks;
  #hear: ((token: string) => void) | undefined;

  /** Answers other tabs and takes the new tokens that they tell of, from now on. */
  listen(store: Owner): void {
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.kind === "ask") {
        if (store.current !== undefined) this.#post({ kind: "offer", token: store.current });
      } else {
        if (data.kind === "new") store.accept(data.token);
        this.#hear?.(data.token);
      }
    };
    void this.#locks?.request("task-page", { mode: "shared" }, () => new Promise(() => {}));
  }

  async exclusively<T>(run: () => Promise<T>): Promise<T> {
    return this.#locks ? await this.#locks.request("task-token", run) : await run();
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
    const { held = [] } = (await this.#locks?.query()) ?? {};
    return this.#locks !== undefined && held.filter(({ name }) => name === "task-page").length < 2;
  }

  #post(message: Message): void {
    this.#channel.postMessage(message);
  }
}
