// Tasks that are to be deleted, hidden until it is done, and shown again if it is undone or refused.

import { useSyncExternalStore } from "react";

type Listener = () => void;

export class Deletions {
  #ids: ReadonlySet<string> = new Set();
  readonly #listeners = new Set<Listener>();

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly hidden = (): ReadonlySet<string> => this.#ids;

  hide(id: string): void {
    this.#set(new Set([...this.#ids, id]));
  }

  show(id: string): void {
    this.#set(new Set([...this.#ids].filter((other) => other !== id)));
  }

  #set(ids: ReadonlySet<string>): void {
    this.#ids = ids;
    for (const listener of this.#listeners) listener();
  }
}

export const deletions = new Deletions();

export function useHiddenTasks(): ReadonlySet<string> {
  return useSyncExternalStore(deletions.subscribe, deletions.hidden);
}
