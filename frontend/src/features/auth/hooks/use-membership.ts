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
   * To be called when the user has deleted the account. Erases the unsent text, and keeps the
   * message for the sign-in page.
   */
  leave(message: string): void;
}

export const useMembership = (): Membership => useOutletContext<Membership>();
