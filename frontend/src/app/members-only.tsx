// The frame of pages that need a session. Without a session, it redirects to the sign-in page.

import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { Shell } from "../components/shell";
import { Shortcuts } from "../components/shortcuts";
import { Toaster } from "../components/toaster";
import { Button } from "../components/ui/button";
import { Confirm } from "../components/ui/confirm";
import { CloudOffIcon } from "../components/ui/icons";
import { Skeleton } from "../components/ui/skeleton";
import { State } from "../components/ui/state";
import { signOut } from "../features/auth/api/auth";
import type { Membership } from "../features/auth/hooks/use-membership";
import { type Session, useSession } from "../features/auth/hooks/use-session";
import type { GuestState } from "../features/auth/pages/guests-only";
import { usePreferences } from "../features/settings/hooks/use-preferences";
import { preferences } from "../features/settings/model/preferences";
import { drafts, volatility } from "../features/tasks/model/unsent";
import { t } from "../lib/i18n";
import { notices } from "../lib/notices";
import { problemOf } from "../lib/problem";
import { queryClient } from "../lib/query-client";
import { finishUnsent, forgetUnsent, useIsLoaded } from "./members";

export { startMembers } from "./members";

export function MembersOnly() {
  const session = useSession();
  const isLoaded = useIsLoaded(session.state === "somebody" ? session.person.id : undefined);
  const user = useRef<string>(undefined);
  const { hasShortcuts } = usePreferences();
  const isVolatile = useSyncExternalStore(volatility.subscribe, volatility.get);
  /** The user who has been asked for confirmation. Another user may sign in in another tab. */
  const [askedUser, setAskedUser] = useState<string>();
  const leaveMessage = useRef<string>(undefined);
  const isErased = useRef(false);
  const { pathname, search } = useLocation();

  useEffect(() => {
    if (session.state === "somebody") user.current = session.person.id;
    const hasEnded = session.state === "nobody" && isErased.current;
    if (hasEnded && user.current !== undefined) void forgetUnsent(user.current);
  }, [session]);

  /** Signs out, but asks for confirmation first if unsent text would be lost. */
  async function askToLeave() {
    const leaving = user.current;
    const isAsking = leaving !== undefined && (await finishUnsent(leaving));
    if (isAsking) setAskedUser(leaving);
    else if (leaving === user.current) await leave({ losesUnsent: false });
  }

  /**
   * Signs out. Unsent changes and drafts, including text typed during the request, are deleted only
   * if the user agreed to that.
   */
  async function leave({ losesUnsent }: { losesUnsent: boolean }) {
    setAskedUser(undefined);
    leaveMessage.current = t().signOut.done;
    const leaving = user.current;
    try {
      if (!(await signOut())) return stay(t().signOut.unknown);
      if (leaving !== undefined && losesUnsent) await forgetUnsent(leaving);
    } catch (error) {
      const { status, message } = problemOf(error);
      stay(status === 401 ? message : `${t().signOut.failed} ${message}`);
    }
  }

  function stay(text: string) {
    leaveMessage.current = undefined;
    notices.show({ kind: "problem", text });
  }

  if (session.state === "nobody") {
    const state: GuestState = leaveMessage.current
      ? { message: leaveMessage.current }
      : { from: pathname + search, user: user.current, isEnded: user.current !== undefined };
    return <Navigate to="/auth/signin" replace state={state} />;
  }
  if (session.state === "unreachable") return <Unreachable retry={session.retry} />;
  const membership =
    isLoaded &&
    membershipOf(session, (message, erases = false) => {
      leaveMessage.current = message;
      isErased.current = erases;
    });
  const name = session.state === "somebody" ? session.person.name : undefined;
  return (
    <QueryClientProvider client={queryClient}>
      <Shell name={name} isVolatile={isVolatile} onSignOut={() => void askToLeave()}>
        {membership ? <Outlet context={membership} /> : <Skeleton />}
        <Toaster />
        <Shortcuts isOn={hasShortcuts} onSwitch={(isOn) => preferences.setShortcuts(isOn)} />
        {session.state === "somebody" && session.person.id === askedUser && (
          <Confirm
            heading={t().signOut.heading}
            text={t().signOut.text}
            onCancel={() => setAskedUser(undefined)}
          >
            <Button variant="quiet" onClick={() => setAskedUser(undefined)}>
              {t().signOut.stay}
            </Button>
            <Button variant="danger" onClick={() => void leave({ losesUnsent: true })}>
              {t().signOut.leave}
            </Button>
          </Confirm>
        )}
      </Shell>
    </QueryClientProvider>
  );
}

function membershipOf(
  session: Session,
  whenEnded: Membership["whenEnded"],
): Membership | undefined {
  if (session.state !== "somebody") return undefined;
  return { person: session.person, session: session.token, drafts, whenEnded };
}

/** Milliseconds between attempts while the service is unreachable. */
const HEAL_EVERY = 3_000;

function Unreachable({ retry }: { retry(): void }) {
  useEffect(() => {
    const timer = setInterval(retry, HEAL_EVERY);
    return () => clearInterval(timer);
  }, [retry]);

  return (
    <main className="mx-auto max-w-md pt-16">
      <State
        icon={<CloudOffIcon />}
        heading={<h1 className="text-2xl font-semibold">{t().unreachable.heading}</h1>}
        action={<Button onClick={retry}>{t().tryAgain}</Button>}
      >
        {t().unreachable.text}
      </State>
    </main>
  );
}
