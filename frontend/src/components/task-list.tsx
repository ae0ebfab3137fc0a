// The list of tasks, that asks for more before its end comes into view.

import { memo, useEffect, useRef } from "react";
import type { Page, Task } from "../lib/tasks";
import { Button } from "./button";
import { type TaskActions, TaskRow } from "./task-row";

interface Props {
  pages: Page[];
  isShown(task: Task): boolean;
  actions: TaskActions;
  more: { isThere: boolean; isComing: boolean; hasFailed: boolean; load(): void };
}

export function TaskList({ pages, isShown, actions, more }: Props) {
  return (
    <>
      <ul aria-label="Tasks" className="rounded-3xl border border-line bg-surface py-1 shadow-card">
        {pages.map((page, index) => (
          <Rows
            key={page.next ?? `last-${index}`}
            page={page}
            isShown={isShown}
            actions={actions}
          />
        ))}
      </ul>
      {more.isThere && <More {...more} />}
    </>
  );
}

/** A page is drawn again only when one of its own tasks has changed. */
const Rows = memo(function Rows({
  page,
  isShown,
  actions,
}: Omit<Props, "pages" | "more"> & { page: Page }) {
  return page.tasks
    .filter(isShown)
    .map((task) => <TaskRow key={task.id} task={task} actions={actions} />);
});

function More({ isComing, hasFailed, load }: Props["more"]) {
  const end = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (isComing || hasFailed || !end.current) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) load();
      },
      { rootMargin: "1200px 0px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [isComing, hasFailed, load]);

  return (
    <div ref={end} className="grid min-h-20 place-items-center" role="status">
      {hasFailed ? (
        <Button look="quiet" onClick={load}>
          Load more
        </Button>
      ) : (
        <span className="text-sm text-muted">Loading more…</span>
      )}
    </div>
  );
}
