// The JWT for the task API: in memory only, asked for when needed, and once for all who wait.

import { ProblemError } from "./problem";

/** The other tabs of this browser. */
export interface Tabs {
  /** Runs while no other tab does. */
  exclusively<T>(run: () => Promise<T>): Promise<T>;
  /** The token that another tab has, if there is one. */
  ask(): Promise<string | undefined>;
  /** Lets the others have a new token. */
  tell(token: string): void;
}

/** The session changed while a token was on its way. */
export class OtherSession extends ProblemError {
  constructor() {
    super({ status: 401, message: "Somebody else is signed in here now.", fields: {} });
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

  /** What this tab has, for those who need it at once or not at all. */
  get current(): string | undefined {
    return this.#token;
  }

  /** Whose tokens are kept; those of anybody else are forgotten. */
  own(userId: string | undefined): void {
    if (userId === this.#owner) return;
    this.#owner = userId;
    this.#token = undefined;
    this.#renewal = undefined;
  }

  get(): Promise<string> {
    return this.#token === undefined ? this.renew() : Promise.resolve(this.#token);
  }

  /** A token other than the refused one: what came meanwhile, or one that all who wait share. */
  renew(refused?: string): Promise<string> {
    if (this.#token !== undefined && this.#token !== refused) return Promise.resolve(this.#token);
    if (this.#renewal) return this.#renewal;
    const renewal = this.#obtain(refused).finally(() => {
      if (this.#renewal === renewal) this.#renewal = undefined;
    });
    this.#renewal = renewal;
    return renewal;
  }

  /** Takes what another tab offers, if it is the same person's. */
  accept(token: string): void {
    if (this.#owner !== undefined && subjectOf(token) === this.#owner) this.#token = token;
  }

  async #obtain(refused: string | undefined): Promise<string> {
    const owner = this.#owner;
    return await this.tabs.exclusively(async () => {
      const isUsable = (token: string | undefined): token is string =>
        token !== undefined && token !== refused && subjectOf(token) === owner;
      const heard = [this.#token, await this.tabs.ask()].find(isUsable);
      const token = heard ?? (await this.fetchToken());
      if (this.#owner !== owner || !isUsable(token)) throw new OtherSession();
      this.#token = token;
      if (heard === undefined) this.tabs.tell(token);
      return token;
    });
  }
}

/** The `sub` of a JWT, unverified: the service that it is for verifies it. */
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
