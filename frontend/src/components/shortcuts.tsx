// Global keyboard shortcuts, and the dialog that lists them.

import { useEffect, useRef, useState } from "react";
import { t } from "../lib/i18n";
import { Button } from "./ui/button";

function list(): [string, string][] {
  const { shortcuts } = t();
  return [
    ["n", shortcuts.newTask],
    ["/", shortcuts.search],
    ["↑ ↓", shortcuts.move],
    [shortcuts.space, shortcuts.tick],
    [shortcuts.enter, shortcuts.edit],
    [shortcuts.escape, shortcuts.cancel],
    [shortcuts.control, shortcuts.undo],
    ["?", shortcuts.list],
  ];
}

/** The `data-shortcut` attribute of the element that each key focuses. */
const TARGETS: Record<string, string> = { n: "new-task", "/": "search" };

interface Props {
  /**
   * Whether the single-key shortcuts, except `?`, are on. Users can turn them off, because speech
   * input may trigger them.
   */
  isOn: boolean;
  onSwitch(isOn: boolean): void;
}

export function Shortcuts({ isOn, onSwitch }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);

  useEffect(() => {
    function press(event: KeyboardEvent) {
      const { key, ctrlKey, metaKey, altKey } = event;
      if (ctrlKey || metaKey || altKey || isTyped(event.target)) return;
      if (key === "?") setOpen(true);
      const name = isOn ? TARGETS[key] : undefined;
      const target = name && document.querySelector<HTMLElement>(`[data-shortcut="${name}"]`);
      if (!target) return;
      event.preventDefault();
      target.focus();
    }
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [isOn]);

  if (!isOpen) return null;
  return (
    <dialog
      ref={dialog}
      onClose={() => setOpen(false)}
      aria-labelledby="shortcuts"
      className="m-auto w-[calc(100%-2rem)] max-w-md rounded-3xl border border-line bg-surface p-6 text-ink shadow-card backdrop:bg-black/50 sm:p-8"
    >
      <h2 id="shortcuts" className="text-xl font-semibold">
        {t().shortcuts.heading}
      </h2>
      <dl className="my-5 grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
        {list().map(([keys, meaning]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="rounded-lg border border-edge bg-sunken px-2 py-1 font-mono text-sm">
                {keys}
              </kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <label className="mb-5 flex min-h-11 items-center gap-3">
        <input
          type="checkbox"
          className="size-5 shrink-0 accent-accent"
          checked={isOn}
          onChange={({ target }) => onSwitch(target.checked)}
        />
        {t().shortcuts.single}
      </label>
      <div className="flex justify-end">
        <Button variant="quiet" onClick={() => dialog.current?.close()}>
          {t().shortcuts.close}
        </Button>
      </div>
    </dialog>
  );
}

/** Returns whether a key press with this target belongs to a field or an open dialog. */
function isTyped(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const isField = target.matches("input:not([type=checkbox]), textarea, select");
  return isField || target.closest("dialog") !== null;
}
