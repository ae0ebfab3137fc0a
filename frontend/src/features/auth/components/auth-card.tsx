// The layout of the pages below `/auth`.

import type { ReactNode } from "react";
import { Brand } from "../../../components/brand";
import { Heading } from "../../../components/ui/heading";

interface Props {
  heading: string;
  intro?: ReactNode;
  children?: ReactNode;
  /** Links to related pages. */
  footer?: ReactNode;
}

export function AuthCard({ heading, intro, children, footer }: Props) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col px-4 py-8 sm:justify-center sm:py-16">
      <div className="mb-6 flex justify-center">
        <Brand />
      </div>
      <div className="rounded-3xl border border-line bg-surface p-6 shadow-card sm:p-9">
        <Heading>{heading}</Heading>
        {intro && <p className="mt-2 text-muted">{intro}</p>}
        {children && <div className="mt-7">{children}</div>}
      </div>
      {footer && <p className="mt-6 text-center text-muted">{footer}</p>}
    </main>
  );
}
