// A titled section of a page.

import { type ReactNode, useId } from "react";

interface Props {
  heading: string;
  intro?: ReactNode;
  children: ReactNode;
  variant?: "plain" | "danger";
}

export function Card({ heading, intro, children, variant = "plain" }: Props) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="grid gap-x-8 gap-y-5 rounded-3xl border border-line bg-surface p-5 shadow-card sm:p-7 md:grid-cols-[13rem_1fr]"
    >
      <div>
        <h2
          id={id}
          className={`text-lg font-semibold ${variant === "danger" ? "text-danger" : ""}`}
        >
          {heading}
        </h2>
        {intro && <div className="mt-1 text-muted">{intro}</div>}
      </div>
      <div className="grid content-start gap-5">{children}</div>
    </section>
  );
}
