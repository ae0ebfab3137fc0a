// Shows a stack of notices for a few seconds each, and longer while hovered or focused.

import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { t } from "../lib/i18n";
import { type Notice, notices } from "../lib/notices";
import { CloseIcon } from "./ui/icons";

/** Time in milliseconds for which a notice is shown after it appeared or was last held. */
const SHOWN_FOR = 6_000;
/**
 * Time in milliseconds for which a notice is held while it is hovered or focused. A deletion is
 * sent when its notice closes; this limit prevents a resting pointer from delaying it forever.
 */
const HELD_FOR = 20_000;

export function Toaster() {
  const list = useSyncExternalStore(notices.subscribe, notices.list);
  const next = useRef<string>(undefined);

  // Undo restores the row and removes the notice in the same render. This effect then focuses the
  // row.
  useLayoutEffect(() => {
    if (next.current === undefined) return;
    const row = document.getElementById(next.current);
    next.current = undefined;
    row?.querySelector<HTMLElement>('[data-control="edit"]')?.focus();
  });

  function act(notice: Notice) {
    next.current = notice.action?.focus;
    notices.act(notice);
  }

  useEffect(() => {
    function undo(event: KeyboardEvent) {
      const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z";
      if (!isUndo || isEditable(event.target)) return;
      const undone = notices.undoLast();
      if (!undone) return;
      event.preventDefault();
      next.current = undone.action?.focus;
    }
    document.addEventListener("keydown", undo);
    return () => document.removeEventListener("keydown", undo);
  }, []);

  return (
    <section
      aria-label={t().notices.label}
      aria-live="polite"
      className="pointer-events-none fixed print:hidden inset-x-0 bottom-0 z-20 flex flex-col items-center gap-2 p-4"
    >
      {list.map((notice) => (
        <Toast key={notice.id} notice={notice} onAct={() => act(notice)} />
      ))}
    </section>
  );
}

/** Returns whether the browser's own undo applies to an element. */
function isEditable(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== "checkbox" && target.value !== "";
  return target instanceof HTMLTextAreaElement;
}

function Toast({ notice, onAct }: { notice: Notice; onAct(): void }) {
  const [isHeld, setHeld] = useState(false);

  useEffect(() => {
    const timer = setTimeout(() => notices.close(notice), isHeld ? HELD_FOR : SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [notice, isHeld]);

  const border = notice.kind === "problem" ? "border-danger" : "border-line";
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only keeps the notice visible
    <div
      className={`row-enter pointer-events-auto flex w-full max-w-md flex-wrap items-center justify-end gap-1 rounded-2xl border ${border} bg-surface py-1.5 pr-1.5 pl-4 shadow-lg`}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p className="min-w-0 flex-1 basis-36 py-1.5 text-sm wrap-anywhere">{notice.text}</p>
      {notice.action && (
        <button
          type="button"
          className="min-h-11 rounded-xl px-3 font-semibold text-accent hover:bg-sunken"
          onClick={onAct}
        >
          {notice.action.label}
        </button>
      )}
      <button
        type="button"
        aria-label={t().notices.close}
        className="grid size-11 place-items-center rounded-xl text-muted hover:bg-sunken"
        onClick={() => notices.close(notice)}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
