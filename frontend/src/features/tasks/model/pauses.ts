// Pauses between the attempts to send writes. A lane is a series of writes that are sent in order.

/** Milliseconds before the first retry of a write; doubled with each further retry. */
const FIRST_PAUSE = 1_000;
/** Maximum number of milliseconds before a retry, unless the service specifies the pause. */
const LONGEST_PAUSE = 30_000;

/** A timer for each lane that is pausing, and the number of failed attempts of each write. */
export class Pauses {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #attempts = new Map<string, number>();

  has(lane: string): boolean {
    return this.#timers.has(lane);
  }

  lanes(): readonly string[] {
    return [...this.#timers.keys()];
  }

  /**
   * Starts a pause after a failed attempt, and calls `resume` at its end. `retryAfter` is the
   * number of seconds that the service asked for.
   */
  start(id: string, lane: string, retryAfter: number | undefined, resume: () => void): void {
    const attempts = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempts);
    const backOff = Math.min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE);
    const delay = retryAfter === undefined ? backOff : retryAfter * 1_000;
    this.#timers.set(lane, setTimeout(resume, delay));
  }

  /** Ends the pause of a lane, whether or not its time is over. */
  end(lane: string): void {
    clearTimeout(this.#timers.get(lane));
    this.#timers.delete(lane);
  }

  /** Forgets the failed attempts of a write that has been sent. */
  forget(id: string): void {
    this.#attempts.delete(id);
  }

  clear(): void {
    for (const lane of this.lanes()) this.end(lane);
    this.#attempts.clear();
  }
}
