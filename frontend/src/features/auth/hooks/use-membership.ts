// The signed-in user, for pages that need a session.

import { useOutletContext } from "react-router";
import type { Drafts } from "../../../lib/drafts";
import type { Person } from "./use-session";

export interface Membership {
  person: Person;
  /** Token of the current session, to distinguish it from those on other devices. */
  session: string;
  /** Unsaved text of the user. */
  drafts: Drafts;
  /** Called when the user ends the session, with the message to show at sign-in. */
  leave(message: string): void;
}

export const useMembership = (): Membership => useOutletContext<Membership>();
