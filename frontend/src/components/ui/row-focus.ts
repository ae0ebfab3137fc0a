// Moves the focus between rows of a list, and keeps it in the list when the focused row is removed.

import { type FocusEvent, useLayoutEffect, useRef } from "react";

interface Focused {
  list: HTMLElement;
  row: Element;
  /** Position of the row in the list. */
  index: number;
  /** Kind of the focused control, from its `data-control` attribute. */
  control: string | undefined;
}

export interface RowFocus {
  onFocus(event: FocusEvent<HTMLElement>): void;
  onBlur(event: FocusEvent<HTMLElement>): void;
}

/**
 * Returns handlers for the list. When the row with the focus is removed, the focus moves to the
 * same control of the row that takes its place or else of the last row. Without such a control, it
 * moves to the heading of the page. If the user has moved the focus elsewhere, nothing happens.
 */
export function useRowFocus(rows: unknown): RowFocus {
  const focused = useRef<Focused>(undefined);

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are only removed when `rows` changes
  useLayoutEffect(() => {
    const last = focused.current;
    if (!last || last.row.isConnected) return;
    focused.current = undefined;
    if (document.activeElement !== document.body) return;
    const { list, index, control } = last;
    const rowsLeft = list.isConnected ? list.children : [];
    const next = rowsLeft[Math.min(index, rowsLeft.length - 1)];
    const target = next?.querySelector<HTMLElement>(`[data-control="${control}"]`);
    (target ?? document.querySelector<HTMLElement>("h1"))?.focus();
  }, [rows]);

  return {
    onFocus({ target, currentTarget: list }) {
      const row = target.closest("li");
      if (!row) return;
      const index = [...list.children].indexOf(row);
      const control = target.closest<HTMLElement>("[data-control]")?.dataset.control;
      focused.current = { list, row, index, control };
    },
    onBlur({ relatedTarget }) {
      if (relatedTarget) focused.current = undefined;
    },
  };
}

/** Moves the focus to the same control of the next or the previous row. */
export function moveFocus(list: HTMLElement, from: HTMLElement, step: 1 | -1): void {
  const row = from.closest("li");
  const control = from.closest<HTMLElement>("[data-control]")?.dataset.control;
  if (!row || !control) return;
  const next = list.children[[...list.children].indexOf(row) + step];
  next?.querySelector<HTMLElement>(`[data-control="${control}"]`)?.focus();
}
