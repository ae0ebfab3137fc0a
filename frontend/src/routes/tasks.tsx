// The page of all tasks.

import { useCallback, useMemo } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { Button } from "../components/button";
import { Composer } from "../components/composer";
import { Filters } from "../components/filters";
import { Heading } from "../components/heading";
import { CheckIcon, CloudOffIcon } from "../components/icons";
import { useIsOnline } from "../components/offline";
import { Skeleton } from "../components/skeleton";
import { State } from "../components/state";
import { TaskList } from "../components/task-list";
import { useHiddenTasks } from "../lib/deletions";
import { problemOf } from "../lib/problem";
import { matches } from "../lib/task-cache";
import type { Filter, Task } from "../lib/tasks";
import { removeTask, useCreateTask, useUpdateTask } from "../lib/use-task-changes";
import { useListing } from "../lib/use-tasks";

const EMPTY: Record<Filter, [string, string]> = {
  all: ["Nothing to do yet", "Write down your first task above and press Enter."],
  open: ["All done", "There is nothing left to do. Enjoy it."],
  done: ["Nothing done yet", "Tasks that you tick appear here."],
};

const filterOf = (text: string | null): Filter =>
  text === "open" || text === "done" ? text : "all";

export function TasksPage() {
  const [search] = useSearchParams();
  const filter = filterOf(search.get("show"));
  const navigate = useNavigate();
  const create = useCreateTask();

  function add(title: string) {
    // Among those that are done, a new task would be out of sight.
    if (filter === "done") void navigate("/tasks", { replace: true });
    create(title);
  }

  return (
    <div className="grid gap-5">
      <div className="flex flex-wrap items-center justify-between gap-4">
        <Heading>Tasks</Heading>
        <Filters current={filter} />
      </div>
      <Composer onAdd={add} />
      <Listing filter={filter} />
    </div>
  );
}

function Listing({ filter }: { filter: Filter }) {
  const { data, error, isPlaceholderData, fetchStatus, refetch, ...next } = useListing(filter);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = next;
  const isOnline = useIsOnline();
  const hidden = useHiddenTasks();
  const change = useUpdateTask();
  const actions = useMemo(() => ({ change, remove: removeTask }), [change]);
  const isShown = useCallback(
    (task: Task) => matches(task, filter) && !hidden.has(task.id),
    [filter, hidden],
  );
  const load = useCallback(() => void fetchNextPage(), [fetchNextPage]);

  const isEmpty = !hasNextPage && !data?.pages.some(({ tasks }) => tasks.some(isShown));
  // What another filter has nothing of may be there all the same.
  if (!data || (isPlaceholderData && isEmpty)) {
    if (!isOnline && fetchStatus === "paused") return <Offline />;
    if (error) return <Failed error={error} retry={() => void refetch()} />;
    return <Skeleton />;
  }
  const [heading, text] = EMPTY[filter];
  return (
    <>
      {error && !isFetchNextPageError && (
        <p role="status" className="rounded-xl bg-danger-tint px-4 py-3 text-danger">
          {problemOf(error).message} This list may not be up to date.
        </p>
      )}
      {isEmpty ? (
        <Panel>
          <State icon={<CheckIcon className="size-8" />} heading={heading}>
            {text}
          </State>
        </Panel>
      ) : (
        <TaskList
          pages={data.pages}
          isShown={isShown}
          actions={actions}
          more={{
            isThere: hasNextPage,
            isComing: isFetchingNextPage,
            hasFailed: isFetchNextPageError,
            load,
          }}
        />
      )}
    </>
  );
}

function Panel({ children }: { children: React.ReactNode }) {
  return <div className="rounded-3xl border border-dashed border-edge/60">{children}</div>;
}

function Offline() {
  return (
    <Panel>
      <State icon={<CloudOffIcon />} heading="You are offline">
        Your tasks appear as soon as the connection is back.
      </State>
    </Panel>
  );
}

function Failed({ error, retry }: { error: unknown; retry(): void }) {
  return (
    <Panel>
      <div role="alert">
        <State
          icon={<CloudOffIcon />}
          heading="Your tasks cannot be shown right now"
          action={<Button onClick={retry}>Try again</Button>}
        >
          {problemOf(error).message} They are safe, and appear as soon as the service answers.
        </State>
      </div>
    </Panel>
  );
}
