// Tracks whether the task service is reachable. Only the outcome of requests counts:
// `navigator.onLine` may be wrong for a service on the same machine.

type Listener = () => void;

export class Connection {
  #isReachable = true;
  readonly #listeners = new Set<Listener>();

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly isReachable = (): boolean => this.#isReachable;

  /** Records the outcome of a request: any response counts as reachable. */
  report(isReachable: boolean): void {
    if (isReachable === this.#isReachable) return;
    this.#isReachable = isReachable;
    for (const listener of this.#listeners) listener();
  }
}

export const connection = new Connection();
