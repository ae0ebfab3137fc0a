// What went wrong, where no field is to blame, and how long to wait if that is what helps.

import { type ReactNode, useEffect, useState } from "react";
import type { Problem } from "../lib/problem";

interface Props {
  problem: Problem;
  /** The wait is over. */
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

/** Counts down for the eye; said aloud once. */
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
      <span className="sr-only">Try again in {seconds(from)}.</span>
      <span aria-hidden="true">Try again in {seconds(left)}.</span>
    </>
  );
}

const seconds = (count: number) => (count === 1 ? "1 second" : `${count} seconds`);
