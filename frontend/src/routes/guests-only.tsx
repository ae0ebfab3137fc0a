// Pages for those who are not signed in; everybody else goes on to where they wanted to be.

import { Navigate, Outlet, useLocation } from "react-router";
import { useSession } from "../lib/session";

export interface Arrival {
  /** Where to go after signing in. */
  from?: string;
  /** A session that was there has ended. */
  isEnded?: boolean;
  email?: string;
  message?: string;
}

/** What the page before handed on. */
export function useArrival(): Arrival {
  const { state } = useLocation();
  return (state ?? {}) as Arrival;
}

export function GuestsOnly() {
  const { state } = useSession();
  const { from = "/tasks" } = useArrival();
  return state === "somebody" ? <Navigate to={from} replace /> : <Outlet />;
}
