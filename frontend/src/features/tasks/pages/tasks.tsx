// The page of all tasks.

import { useCallback, useMemo, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { Button } from "../../../components/ui/button";
import { Heading } from "../../../components/ui/heading";
import { CheckIcon, CloudOffIcon } from "../../../components/ui/icons";
import { useRowFocus } from "../../../components/ui/row-focus";
import { Skeleton } from "../../../components/ui/skeleton";
import { State } from "../../../components/ui/state";
import { t } from "../../../lib/i18n";
import { notices } from "../../../lib/notices";
import { problemOf, sentence } from "../../../lib/problem";
import { Composer } from "../components/composer";
import { Filters } from "../components/filters";
import { SearchField } from "../components/search-field";
import { SortSelect } from "../components/sort-select";
import { TaskList } from "../components/task-list";
import type { TaskActions } from "../components/task-row";
import { UnsavedTasks } from "../components/unsaved-tasks";
import { useEditedTitles, useUnsavedTasks } from "../hooks/use-drafts";
import {
  addTask,
  changeTask,
  removeDone,
  removeTask,
  useUnsent,
  useUnsentActions,
} from "../hooks/use-task-changes";
import { cachedTask, useChangedTasks, useListing } from "../hooks/use-tasks";
import { TITLE } from "../model/task-draft";
import { countOf, isLeaving, overlay } from "../model/task-overlay";
import { matchesSearch, queryOf, type View, viewOf } from "../model/task-view";
import { drafts } from "../model/unsent";

export function TasksPage() {
  const [parameters] = useSearchParams();
  const view = useMemo(() => viewOf(parameters), [parameters]);
  const navigate = useNavigate();

  function show(next: View, options?: { replace: boolean }) {
    void navigate(`/tasks${queryOf(next)}`, options);
  }

  function add(title: string) {
    // A new task would not appear among completed tasks, or in a search that it does not match.
    const filter = view.filter === "done" ? "all" : view.filter;
    const search = matchesSearch({ title, description: null }, view) ? view.search : "";
    if (filter !== view.filter || search !== view.search) show({ ...view, filter, search });
    addTask(title);
  }

  return (
    <div className="grid gap-5">
      <div className="flex flex-wrap items-center justify-between gap-4">
        <Heading>{t().tasks.heading}</Heading>
        <Filters view={view} />
      </div>
      <Composer
        draft={drafts.get("composer")?.title ?? ""}
        onDraft={(title) => drafts.set("composer", title === "" ? undefined : { title })}
        onAdd={add}
      />
      <Unsaved />
      <div className="flex flex-wrap items-center gap-3 print:hidden">
        <SearchField
          search={view.search}
          onSearch={(search) => show({ ...view, search }, { replace: true })}
        />
        <SortSelect
          sort={view.sort}
          onSort={(sort) => show({ ...view, sort }, { replace: true })}
        />
      </div>
      <Listing view={view} />
    </div>
  );
}

/** Shows the tasks with unsaved text, even those not in the list and those deleted elsewhere. */
function Unsaved() {
  const unsent = useUnsent();
  const tasks = [...useUnsavedTasks()].filter(([id]) => !isLeaving(id, unsent));
  return <UnsavedTasks tasks={tasks} />;
}

function Listing({ view }: { view: View }) {
  const { filter, search } = view;
  const { data, error, isPlaceholderData, refetch, ...next } = useListing(view);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = next;
  const unsent = useUnsent();
  const unsentActions = useUnsentActions();
  const actions = useMemo(
    (): TaskActions => ({
      change: changeTask,
      remove: removeTask,
      draftOf: (id) => drafts.get(TITLE + id),
      keepDraft: (id, draft) => drafts.set(TITLE + id, draft),
      unsent: unsentActions,
    }),
    [unsentActions],
  );
  const load = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const loaded = useMemo(() => data?.pages.flatMap(({ tasks }) => tasks) ?? [], [data]);
  const edited = useEditedTitles();
  const changed = useChangedTasks(unsent);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `cachedTask` finds the changed tasks
  const rows = useMemo(
    () => overlay(loaded, unsent, view, cachedTask, edited),
    [loaded, unsent, view, edited, changed.tasks],
  );

  const rowFocus = useRowFocus(rows);

  const isEmpty = !hasNextPage && rows.length === 0;
  const isKnown = data !== undefined && !(isEmpty && (isPlaceholderData || changed.isLoading));
  const [heading, text] = t().tasks.empty[search === "" ? filter : "search"];
  const total = data?.pages[0]?.total;
  const count =
    total === undefined || isPlaceholderData
      ? undefined
      : countOf(total, loaded, rows, unsent, view, cachedTask);
  return (
    <>
      {error && data && !isFetchNextPageError && (
        <p role="status" className="rounded-xl bg-danger-tint px-4 py-3 text-danger">
          {sentence(problemOf(error).message)} {t().tasks.outdated}
        </p>
      )}
      {!isKnown && error && <Failed error={error} retry={() => void refetch()} />}
      {!isKnown && !error && rows.length === 0 && <Skeleton />}
      {isKnown && count !== undefined && count > 0 && (
        <div className="flex min-h-11 flex-wrap items-center justify-between gap-x-4">
          <p role="status" className="px-1 text-sm text-muted">
            {t().tasks.count(count, filter, search !== "")}
          </p>
          {filter === "done" && search === "" && <ClearDone />}
        </div>
      )}
      {isKnown && isEmpty && (
        <Panel>
          <State icon={<CheckIcon className="size-8" />} heading={heading}>
            {text}
          </State>
        </Panel>
      )}
      {rows.length > 0 && (
        <TaskList
          rows={rows}
          rowFocus={rowFocus}
          actions={actions}
          more={{
            hasMore: hasNextPage,
            isLoading: isFetchingNextPage,
            hasFailed: isFetchNextPageError,
            load,
          }}
        />
      )}
    </>
  );
}

function ClearDone() {
  const [isBusy, setBusy] = useState(false);

  async function clear() {
    if (isBusy) return;
    setBusy(true);
    try {
      await removeDone();
    } catch (error) {
      const text = `${t().tasks.nothingDeleted} ${problemOf(error).message}`;
      notices.show({ kind: "problem", text });
    } finally {
      setBusy(false);
    }
  }

  return (
    <Button
      variant="quiet"
      aria-disabled={isBusy}
      className="print:hidden"
      onClick={() => void clear()}
    >
      {t().tasks.clearDone}
    </Button>
  );
}

function Panel({ children }: { children: React.ReactNode }) {
  return <div className="rounded-3xl border border-dashed border-edge/60">{children}</div>;
}

function Failed({ error, retry }: { error: unknown; retry(): void }) {
  return (
    <Panel>
      <div role="alert">
        <State
          icon={<CloudOffIcon />}
          heading={t().tasks.failed}
          action={<Button onClick={retry}>{t().tryAgain}</Button>}
        >
          <p>{problemOf(error).message}</p>
          <p>{t().tasks.safe}</p>
        </State>
      </div>
    </Panel>
  );
}
