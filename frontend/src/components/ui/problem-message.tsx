// An error that belongs to no field, with a countdown if the user has to wait before retrying.

import { type ReactNode, useEffect, useState } from "react";
import { t } from "../../lib/i18n";
import type { Problem } from "../../lib/problem";

interface Props {
  problem: Problem;
  /** Called at the end of the countdown. */
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

/** A visible countdown, which screen readers announce only once. */
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
