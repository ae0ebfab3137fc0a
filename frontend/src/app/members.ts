// State of the signed-in user: token, cache, unsent changes and drafts. When the user signs out or
// another user signs in, all of it is dropped from memory immediately.

import { useSyncExternalStore } from "react";
import { watchUser } from "../features/auth/api/auth";
import { forgetGuestText } from "../features/auth/model/guest-text";
import { tabs, tokens } from "../features/tasks/api/tasks";
import { drafts, finishDeletions, outbox, startSending } from "../features/tasks/model/unsent";
import { notices } from "../lib/notices";
import { queryClient } from "../lib/query-client";

/** The user whose unsent changes and drafts are in memory. */
class Loaded {
  #user: string | undefined;
  #latest: symbol | undefined;
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly user = (): string | undefined => this.#user;

  async load(user: string | undefined): Promise<void> {
    const load = Symbol("load");
    this.#latest = load;
    this.#set(undefined);
    await Promise.all([drafts.open(user), outbox.open(user)]);
    if (this.#latest === load) this.#set(user);
  }

  #set(user: string | undefined): void {
    this.#user = user;
    for (const listener of this.#listeners) listener();
  }
}

const loaded = new Loaded();

/** Starts the background work for pages that need a session, before the first one is rendered. */
export function startMembers(): void {
  tabs.listen(tokens);
  startSending();
  watchUser((userId) => {
    tokens.own(userId);
    queryClient.clear();
    forgetGuestText();
    // Notices may contain titles of the previous user's tasks. A deletion that can still be undone
    // is stored, and sent when that user signs in again.
    notices.forgetAll();
    void loaded.load(userId);
  });
}

/** Maximum time in milliseconds that signing out waits for deletions to be sent. */
const DELETIONS_TIMEOUT = 5_000;

/**
 * Sends the pending deletions, but waits only for a limited time. Returns whether signing out would
 * lose drafts or unsent changes, in any tab.
 */
export async function finishUnsent(user: string): Promise<boolean> {
  const timeout = new Promise((resolve) => setTimeout(resolve, DELETIONS_TIMEOUT));
  await Promise.race([finishDeletions(), timeout]);
  return (await drafts.has(user)) || (await outbox.has(user));
}

/** Deletes a user's unsent changes and drafts from this browser. */
export async function forgetUnsent(user: string): Promise<void> {
  await Promise.all([drafts.erase(user), outbox.erase(user)]);
}

/** Returns whether the user's unsent changes and drafts are in memory. */
export function useIsLoaded(user: string | undefined): boolean {
  const loadedUser = useSyncExternalStore(loaded.subscribe, loaded.user);
  return user !== undefined && loadedUser === user;
}
