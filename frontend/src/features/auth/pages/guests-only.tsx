// Pages for users who are not signed in. Signed-in users are redirected to the page that they
// requested, or else to their tasks.

import { Navigate, Outlet, useLocation } from "react-router";
import { useSession } from "../hooks/use-session";

/** Navigation state passed to these pages, and to the page that verifies an address. */
export interface GuestState {
  /** Path to open after sign-in, unless a user other than `user` signs in. */
  from?: string;
  /** Id of the user whose session has ended, if known. */
  user?: string | undefined;
  /** Whether a previous session has ended. */
  isEnded?: boolean;
  email?: string;
  message?: string;
}

export function useGuestState(): GuestState {
  const { state } = useLocation();
  return (state ?? {}) as GuestState;
}

export function GuestsOnly() {
  const session = useSession();
  const { from = "/tasks", user } = useGuestState();
  if (session.state !== "somebody") return <Outlet />;
  const isSameUser = user === undefined || user === session.person.id;
  return <Navigate to={isSameUser ? from : "/tasks"} replace />;
}
