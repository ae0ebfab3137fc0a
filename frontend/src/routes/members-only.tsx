// Pages for those who are signed in; everybody else signs in first and comes back.

import { useEffect, useRef } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { Button } from "../components/button";
import { CloudOffIcon } from "../components/icons";
import { Shell } from "../components/shell";
import { Skeleton } from "../components/skeleton";
import { State } from "../components/state";
import { signOut } from "../lib/auth";
import { notices } from "../lib/notices";
import { type Person, type Session, useSession } from "../lib/session";
import type { Arrival } from "./guests-only";

export interface Membership {
  person: Person;
  /** The token of the session here, to tell it from those elsewhere. */
  session: string;
  /** From here on it is no surprise that nobody is signed in; what to say to whoever left. */
  leave(message: string): void;
}

export function MembersOnly() {
  const session = useSession();
  const wasHere = useRef(false);
  const farewell = useRef<string>(undefined);
  const { pathname, search } = useLocation();

  useEffect(() => {
    if (session.state === "somebody") wasHere.current = true;
  }, [session.state]);

  async function leave() {
    farewell.current = "You are signed out.";
    // What waits for an undo is done now, while it still may be.
    notices.closeAll();
    const problem = await signOut();
    if (problem) {
      farewell.current = undefined;
      notices.show({ kind: "problem", text: `You are still signed in. ${problem.message}` });
    }
  }

  if (session.state === "nobody") {
    const state: Arrival = farewell.current
      ? { message: farewell.current }
      : { from: pathname + search, isEnded: wasHere.current };
    return <Navigate to="/auth/signin" replace state={state} />;
  }
  if (session.state === "unreachable") return <Unreachable retry={session.retry} />;
  const membership = membershipOf(session, (message) => {
    farewell.current = message;
  });
  return (
    <Shell name={membership?.person.name ?? ""} onSignOut={() => void leave()}>
      {membership ? <Outlet context={membership} /> : <Skeleton />}
    </Shell>
  );
}

function membershipOf(session: Session, leave: Membership["leave"]): Membership | undefined {
  if (session.state !== "somebody") return undefined;
  return { person: session.person, session: session.token, leave };
}

function Unreachable({ retry }: { retry(): void }) {
  return (
    <main className="mx-auto max-w-md pt-16">
      <State
        icon={<CloudOffIcon />}
        heading={<h1 className="text-2xl font-semibold">The service cannot be reached</h1>}
        action={<Button onClick={retry}>Try again</Button>}
      >
        Check your connection. Your tasks are safe, and so are you: nobody was signed out.
      </State>
    </main>
  );
}
