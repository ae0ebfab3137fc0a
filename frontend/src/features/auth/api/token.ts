// The JWT for the task API: kept in memory only, fetched on demand, and shared by concurrent
// callers.

import { t } from "../../../lib/i18n";
import { ProblemError, unreachable } from "../../../lib/problem";

/** The other tabs of this browser. */
export interface Tabs {
  /** Calls `run`, in one tab at a time if the browser offers locks. */
  exclusively<T>(run: () => Promise<T>): Promise<T>;
  /** Returns the token of another tab, or `undefined` if no tab responds. */
  ask(): Promise<string | undefined>;
  /** Sends a new token to the other tabs. */
  tell(token: string): void;
}

/**
 * Thrown if the signed-in user changed while a token was being fetched or used, or if the fetched
 * token belongs to another user.
 */
export class OtherSession extends ProblemError {
  constructor() {
    super({ status: 401, message: t().problems.otherUser, fields: {} });
  }
}

export class TokenStore {
  #owner: string | undefined;
  #token: string | undefined;
  #renewal: Promise<string> | undefined;

  constructor(
    private readonly fetchToken: () => Promise<string>,
    private readonly tabs: Tabs,
  ) {}

  /** Returns the current token without fetching one. */
  get current(): string | undefined {
    return this.#token;
  }

  /** The user whose token is kept. */
  get owner(): string | undefined {
    return this.#owner;
  }

  /** Sets the user whose token is kept, and drops the token of any other user. */
  own(userId: string | undefined): void {
    if (userId === this.#owner) return;
    this.#owner = userId;
    this.#token = undefined;
    this.#renewal = undefined;
  }

  get(): Promise<string> {
    return this.#token === undefined ? this.renew() : Promise.resolve(this.#token);
  }

  /**
   * Returns a token other than `refused`: the current token, or a new one that is obtained once for
   * all waiting callers, from another tab or the service.
   */
  renew(refused?: string): Promise<string> {
    if (this.#token !== undefined && this.#token !== refused) return Promise.resolve(this.#token);
    if (this.#renewal) return this.#renewal;
    const renewal = this.#obtain(refused).finally(() => {
      if (this.#renewal === renewal) this.#renewal = undefined;
    });
    this.#renewal = renewal;
    return renewal;
  }

  /** Accepts a token from another tab if it belongs to the same user. */
  accept(token: string): void {
    if (this.#owner !== undefined && subjectOf(token) === this.#owner) this.#token = token;
  }

  async #obtain(refused: string | undefined): Promise<string> {
    const owner = this.#owner;
    return await this.tabs.exclusively(async () => {
      const isOwn = (token: string | undefined): token is string =>
        token !== undefined && subjectOf(token) === owner;
      const known = [this.#token, await this.tabs.ask()].filter(isOwn);
      const heard = known.find((token) => token !== refused);
      const token = heard ?? (await this.fetchToken());
      // A response without a subject comes from a proxy and says nothing about the user.
      if (subjectOf(token) === undefined) throw new ProblemError(unreachable(t().unreachable.any));
      if (this.#owner !== owner || !isOwn(token)) throw new OtherSession();
      this.#token = token;
      if (heard === undefined) this.tabs.tell(token);
      return token;
    });
  }
}

/**
 * Returns the `sub` claim of a JWT, without verifying the token; the service that receives it does
 * that.
 */
export function subjectOf(token: string): string | undefined {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const claims: unknown = JSON.parse(atob(payload));
    const isNamed = typeof claims === "object" && claims !== null && "sub" in claims;
    return isNamed && typeof claims.sub === "string" ? claims.sub : undefined;
  } catch {
    return undefined;
  }
}
