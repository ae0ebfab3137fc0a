// The list of tasks. Loads the next page before the end becomes visible.

import { type KeyboardEvent, useEffect, useRef } from "react";
import { Button } from "../../../components/ui/button";
import { moveFocus, type RowFocus } from "../../../components/ui/row-focus";
import { t } from "../../../lib/i18n";
import type { Row } from "../model/task-overlay";
import { type TaskActions, TaskRow } from "./task-row";

interface Props {
  rows: Row[];
  rowFocus: RowFocus;
  actions: TaskActions;
  more: { hasMore: boolean; isLoading: boolean; hasFailed: boolean; load(): void };
}

/** Renders the rows. They are keyed by task, so that they keep their state when they move. */
export function TaskList({ rows, rowFocus, actions, more }: Props) {
  return (
    <>
      <ul
        aria-label={t().tasks.list}
        {...rowFocus}
        onKeyDown={move}
        className="rounded-3xl border border-line bg-surface py-1 shadow-card"
      >
        {rows.map(({ key, task, unsent }) => (
          <TaskRow key={key} task={task} unsent={unsent} actions={actions} />
        ))}
      </ul>
      {more.hasMore && <More {...more} />}
    </>
  );
}

/** Moves the focus between rows on the up and down arrow keys, except in text fields. */
function move(event: KeyboardEvent<HTMLElement>): void {
  const { key, target, currentTarget } = event;
  const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : undefined;
  const isText = target instanceof HTMLInputElement && target.type !== "checkbox";
  if (!step || isText || !(target instanceof HTMLElement)) return;
  event.preventDefault();
  moveFocus(currentTarget, target, step);
}

function More({ isLoading, hasFailed, load }: Props["more"]) {
  const end = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (isLoading || hasFailed || !end.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        // Several changes may be reported together; the last one is current.
        if (entries.at(-1)?.isIntersecting) load();
      },
      { rootMargin: "1200px 0px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [isLoading, hasFailed, load]);

  return (
    <div ref={end} className="grid min-h-20 place-items-center" role="status">
      {hasFailed ? (
        <Button variant="quiet" onClick={load}>
          {t().tasks.loadMore}
        </Button>
      ) : (
        <span className="text-sm text-muted">{t().tasks.loadingMore}</span>
      )}
    </div>
  );
}
