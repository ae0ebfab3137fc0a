// An error that belongs to no field, with a countdown if a retry has to wait.

import { type ReactNode, useEffect, useState } from "react";
import { t } from "../../lib/i18n";
import type { Problem } from "../../lib/problem";

interface Props {
  problem: Problem;
  /** Called when the wait is over. */
  onOver?: () => void;
  children?: ReactNode;
}

export function ProblemMessage({ problem, onOver, children }: Props) {
  const { message, retryAfter } = problem;
  return (
    <div role="alert" className="rounded-xl bg-danger-tint px-4 py-3 text-danger">
      <p>
        {message}{" "}
        {retryAfter !== undefined && (
          <Countdown key={retryAfter} from={retryAfter} onOver={onOver} />
        )}
      </p>
      {children}
    </div>
  );
}

/** Counts down visually; announced once by screen readers. */
function Countdown({ from, onOver }: { from: number; onOver: (() => void) | undefined }) {
  const [left, setLeft] = useState(from);

  useEffect(() => {
    if (left <= 0) {
      onOver?.();
      return;
    }
    const timer = setTimeout(() => setLeft(left - 1), 1_000);
    return () => clearTimeout(timer);
  }, [left, onOver]);

  return (
    <>
      <span className="sr-only">{t().wait(from)}</span>
      <span aria-hidden="true">{t().wait(left)}</span>
    </>
  );
}
