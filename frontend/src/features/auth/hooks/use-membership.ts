// The signed-in user, for pages that need a session.

import { useOutletContext } from "react-router";
import type { Drafts } from "../../../lib/drafts";
import type { Person } from "./use-session";

export interface Membership {
  person: Person;
  /** Token of the current session, to distinguish it from the sessions on other devices. */
  session: string;
  /** The user's unsaved text. */
  drafts: Drafts;
  /**
   * Sets the message that the sign-in page shows if the session ends, and whether unsent text is
   * erased then. `undefined` restores the usual message.
   */
  whenEnded(message: string | undefined, isErased?: boolean): void;
}

export const useMembership = (): Membership => useOutletContext<Membership>();
