// Shows notices one above the other, for a while, and for longer to those who reach for them.

import { useEffect, useState, useSyncExternalStore } from "react";
import { type Notice, notices } from "../lib/notices";
import { CloseIcon } from "./icons";

const SHOWN_FOR = 6_000;

export function Toaster() {
  const list = useSyncExternalStore(notices.subscribe, notices.list);
  return (
    <section
      aria-label="Notices"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-0 z-20 flex flex-col items-center gap-2 p-4"
    >
      {list.map((notice) => (
        <Toast key={notice.id} notice={notice} />
      ))}
    </section>
  );
}

function Toast({ notice }: { notice: Notice }) {
  const [isHeld, setHeld] = useState(false);

  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => notices.close(notice), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [notice, isHeld]);

  const look = notice.kind === "problem" ? "border-danger" : "border-line";
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: reaching for it only keeps it from leaving
    <div
      className={`row-enter pointer-events-auto flex w-full max-w-md items-center gap-1 rounded-2xl border ${look} bg-surface py-1.5 pr-1.5 pl-4 shadow-lg`}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p className="min-w-0 flex-1 py-1.5 text-sm wrap-anywhere">{notice.text}</p>
      {notice.action && (
        <button
          type="button"
          className="min-h-11 rounded-xl px-3 font-semibold text-accent hover:bg-sunken"
          onClick={() => notices.act(notice)}
        >
          {notice.action.label}
        </button>
      )}
      <button
        type="button"
        aria-label="Close notice"
        className="grid size-11 place-items-center rounded-xl text-muted hover:bg-sunken"
        onClick={() => notices.close(notice)}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
