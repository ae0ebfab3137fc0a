// Pages for users who are not signed in; others are redirected to where they wanted to go.

import { Navigate, Outlet, useLocation } from "react-router";
import { useSession } from "../hooks/use-session";

/** Navigation state passed to these pages. */
export interface GuestState {
  /** Where to go after signing in, if the same user signs in again. */
  from?: string;
  user?: string | undefined;
  /** A previous session has ended. */
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
