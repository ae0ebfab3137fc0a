// The frame around the pages of those who are signed in.

import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { Brand } from "./brand";
import { OfflineBar } from "./offline";

const LINK =
  "inline-flex min-h-11 items-center rounded-xl px-3 font-medium transition-colors hover:bg-sunken hover:text-ink";

interface Props {
  children: ReactNode;
  name: string;
  onSignOut(): void;
}

export function Shell({ children, name, onSignOut }: Props) {
  const look = ({ isActive }: { isActive: boolean }) =>
    `${LINK} ${isActive ? "bg-tint text-accent" : "text-muted"}`;
  return (
    <>
      <a
        href="#content"
        className="sr-only z-30 rounded-xl bg-accent font-medium text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:px-4 focus:py-2"
      >
        Skip to content
      </a>
      <header className="sticky top-0 z-10 border-b border-line bg-canvas">
        <div className="mx-auto flex h-16 max-w-3xl items-center justify-between gap-2 px-4">
          <span className="max-[22.5rem]:hidden sm:hidden">
            <Brand isNameShown={false} />
          </span>
          <span className="hidden sm:block">
            <Brand />
          </span>
          <nav aria-label="Main" className="flex items-center gap-1">
            <NavLink to="/tasks" className={look}>
              Tasks
            </NavLink>
            <NavLink to="/settings" className={look}>
              Settings
            </NavLink>
            <button type="button" className={`${LINK} text-muted`} onClick={onSignOut}>
              Sign out<span className="sr-only"> {name}</span>
            </button>
          </nav>
        </div>
      </header>
      <OfflineBar />
      <main id="content" tabIndex={-1} className="mx-auto max-w-3xl px-4 pt-8 pb-32 outline-none">
        {children}
      </main>
    </>
  );
}
