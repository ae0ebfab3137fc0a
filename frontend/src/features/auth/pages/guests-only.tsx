// Pages for users who are not signed in. Other users are redirected to the page that they
// requested.

import { Navigate, Outlet, useLocation } from "react-router";
import { useSession } from "../hooks/use-session";

/** Navigation state passed to these pages. */
export interface GuestState {
  /** Path to open after signing in, if the same user signs in again. */
  from?: string;
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
