// The layout of pages that need a session.

import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { t } from "../lib/i18n";
import { Brand } from "./brand";
import { OfflineBar } from "./offline";

const LINK =
  "inline-flex min-h-11 items-center rounded-xl px-2 font-medium max-[26rem]:px-1.5 max-[26rem]:text-sm sm:px-3 transition-colors hover:bg-sunken hover:text-ink forced-colors:aria-[current=page]:outline-2";

interface Props {
  children: ReactNode;
  /** The user's name, or `undefined` until the user is known. */
  name: string | undefined;
  isVolatile: boolean;
  onSignOut(): void;
}

export function Shell({ children, name, isVolatile, onSignOut }: Props) {
  const style = ({ isActive }: { isActive: boolean }) =>
    `${LINK} ${isActive ? "bg-tint text-accent" : "text-muted"}`;
  return (
    <>
      <a
        href="#content"
        className="sr-only z-30 rounded-xl bg-accent font-medium text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:px-4 focus:py-2"
      >
        {t().nav.skip}
      </a>
      <header className="print:hidden sticky top-0 z-10 border-b border-line bg-canvas">
        <div className="mx-auto flex min-h-16 max-w-3xl flex-wrap items-center justify-between gap-x-2 px-4 py-1">
          <span className="max-[26rem]:hidden sm:hidden">
            <Brand isNameShown={false} />
          </span>
          <span className="hidden sm:block">
            <Brand />
          </span>
          <nav aria-label={t().nav.main} className="flex flex-wrap items-center gap-x-1">
            <NavLink to="/tasks" className={style}>
              {t().nav.tasks}
            </NavLink>
            <NavLink to="/settings" className={style}>
              {t().nav.settings}
            </NavLink>
            <button
              type="button"
              className={`${LINK} text-muted`}
              disabled={name === undefined}
              onClick={onSignOut}
            >
              {t().nav.signOut}
              <span className="sr-only"> {name}</span>
            </button>
          </nav>
        </div>
      </header>
      <OfflineBar isVolatile={isVolatile} />
      <main id="content" tabIndex={-1} className="mx-auto max-w-3xl px-4 pt-8 pb-32 outline-none">
        {children}
      </main>
    </>
  );
}
