// The page of one task.

import { useEffect, useRef, useState } from "react";
import { useBlocker, useLocation, useNavigate, useParams } from "react-router";
import { Button, ButtonLink, TextLink } from "../../../components/ui/button";
import { Confirm } from "../../../components/ui/confirm";
import { Heading } from "../../../components/ui/heading";
import { BackIcon, SearchIcon } from "../../../components/ui/icons";
import { ProblemMessage } from "../../../components/ui/problem-message";
import { Skeleton } from "../../../components/ui/skeleton";
import { State } from "../../../components/ui/state";
import { t } from "../../../lib/i18n";
import { notices } from "../../../lib/notices";
import { isTemporary, type Problem, ProblemError, problemOf } from "../../../lib/problem";
import { TaskEditor } from "../components/task-editor";
import { TaskRefusal } from "../components/task-refusal";
import { UnsentChange } from "../components/unsent-change";
import {
  addTask,
  changeTask,
  discardChange,
  removeTask,
  saveTask,
  useUnsent,
  useUnsentActions,
} from "../hooks/use-task-changes";
import { useTask } from "../hooks/use-tasks";
import {
  changeOf,
  fieldsOf,
  followed,
  notesMistake,
  type Task,
  type TaskText,
  textOf,
  titleMistake,
} from "../model/task";
import { keepText, startOf, taskOfDraft } from "../model/task-draft";
import { withUnsent } from "../model/task-overlay";
import { put } from "../model/unsent";

export function TaskPage() {
  const { id = "" } = useParams();
  const { state } = useLocation();
  const from = (state as { from?: string } | null)?.from ?? "";
  return (
    <div className="grid gap-5">
      <p>
        <TextLink
          to={`/tasks${from}`}
          className="inline-flex min-h-11 items-center gap-1 no-underline"
        >
          <BackIcon />
          {t().task.back}
        </TextLink>
      </p>
      <OneTask key={id} id={id} />
    </div>
  );
}

function OneTask({ id }: { id: string }) {
  const { data, error, isPlaceholderData, isFetchedAfterMount, refetch } = useTask(id);
  // The form is initialized once and not updated by refetches, because the user may be typing.
  const [opened, setOpened] = useState<Task>();
  const known = isPlaceholderData ? undefined : data;
  const isRefused = error !== null && !(isTemporary(error) && known);
  // An outdated copy is only editable while the service is unreachable; saving detects conflicts.
  const isCurrent = !isRefused && known && (isFetchedAfterMount || error);
  const problem = isRefused ? problemOf(error) : undefined;
  const isMissing = problem?.status === 404;
  const kept = !opened && isMissing ? taskOfDraft(id) : undefined;
  if (!opened && isCurrent) setOpened(known);
  if (kept) setOpened(kept);
  if (opened) {
    return (
      <>
        {problem && !isMissing && <ProblemMessage problem={problem} />}
        <Editing task={known ?? opened} missing={isMissing ? problem : undefined} />
      </>
    );
  }
  if (isRefused) return <TaskRefusal error={error} retry={() => void refetch()} />;
  return (
    <>
      {data && <Heading>{data.title}</Heading>}
      <Skeleton />
    </>
  );
}

interface EditingProps {
  task: Task;
  /** Set if the task was deleted elsewhere. */
  missing: Problem | undefined;
}

function Editing({ task, missing }: EditingProps) {
  const unsent = useUnsent();
  const row = withUnsent(task, unsent);
  // The form includes unsent changes, so that two edits never start from the same text.
  const [start, setStart] = useState(() => startOf(row?.task ?? task));
  const [theirs, setTheirs] = useState<Task>();
  const [round, setRound] = useState(0);
  const base = useRef(start.base);
  const text = useRef(start.draft ?? textOf(start.base));
  const isShown = useRef(true);
  const actions = useUnsentActions();
  const navigate = useNavigate();

  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);

  const isDirty = () => Object.keys(changeOf(base.current, text.current)).length > 0;
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      isDirty() &&
      nextLocation.pathname !== currentLocation.pathname &&
      // When the session has ended, the draft is kept until the same user signs in again.
      !nextLocation.pathname.startsWith("/auth/"),
  );

  const keepDraft = () => keepText(task, base.current, isDirty() ? text.current : undefined);

  // A deletion made in another tab may have deleted the draft, so the draft is stored again.
  const isDeleted = row === undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs only when a deletion has ended
  useEffect(() => {
    if (!isDeleted && isDirty()) keepDraft();
  }, [isDeleted]);

  function edit(typed: TaskText) {
    text.current = typed;
    keepDraft();
  }

  /** Continues with a saved task. Text typed while it was being saved remains unsaved. */
  function settle(saved: Task) {
    text.current = followed(text.current, base.current, saved);
    base.current = saved;
    keepDraft();
    setTheirs(undefined);
    setStart({ base: saved, draft: undefined });
  }

  /** Discards unsaved text. */
  function restart(task: Task) {
    text.current = textOf(task);
    settle(task);
    setRound((number) => number + 1);
  }

  async function save(typed: TaskText, seen: Task = base.current): Promise<void> {
    setTheirs(undefined);
    const before = base.current;
    const change = changeOf(before, typed);
    if (Object.keys(change).length === 0) {
      settle(before);
      return;
    }
    notices.retract(t().task.saved, t().task.kept);
    const saving = saveTask(task.id, change, fieldsOf(seen, change));
    // The outbox stores the text now, even if this page is closed.
    base.current = { ...before, ...change };
    keepDraft();
    const outcome = await saving;
    // If the user has left the form, the list shows the rejected change.
    if (!isShown.current) return;
    if (outcome.kind === "failed") {
      discardChange(outcome.id);
      base.current = before;
      keepDraft();
      if (!outcome.theirs) throw new ProblemError(outcome.problem);
      setTheirs(outcome.theirs);
      return;
    }
    const isSaved = outcome.kind === "done";
    settle(isSaved && outcome.task ? outcome.task : base.current);
    notices.show({
      kind: "info",
      text: isSaved ? t().task.saved : t().task.kept,
    });
  }

  /** Overwrites the version saved on another device. If that fails, offers the choice again. */
  async function overwrite(theirs: Task) {
    try {
      await save(text.current, theirs);
    } catch (error) {
      setTheirs(theirs);
      notices.show({ kind: "problem", text: problemOf(error).message });
    }
  }

  async function remove() {
    text.current = textOf(base.current);
    removeTask(task);
    await navigate("/tasks");
  }

  async function addAsNew() {
    const { title, description } = text.current;
    const mistake = titleMistake(title) ?? notesMistake(description);
    if (mistake) return notices.show({ kind: "problem", text: mistake });
    addTask(title.trim(), description || undefined);
    text.current = textOf(base.current);
    keepDraft();
    await navigate("/tasks");
  }

  if (!row && !isDirty()) {
    return (
      <State
        icon={<SearchIcon />}
        heading={<Heading>{t().task.deletedHeading}</Heading>}
        action={<ButtonLink to="/tasks">{t().task.toTasks}</ButtonLink>}
      />
    );
  }
  const shown = row?.task ?? task;
  return (
    <>
      {missing && (
        <ProblemMessage problem={missing}>
          <Button variant="quiet" onClick={() => void addAsNew()}>
            {t().unsent.addAsNew}
          </Button>
        </ProblemMessage>
      )}
      {row?.unsent && <UnsentChange entry={row.unsent} actions={actions} />}
      <TaskEditor
        key={round}
        task={shown}
        base={start.base}
        draft={start.draft}
        conflict={
          theirs && {
            theirs,
            keepMine: () => void overwrite(theirs),
            useTheirs: () => {
              put(theirs);
              restart(theirs);
            },
          }
        }
        onTick={(completed) => changeTask(shown, { completed })}
        onEdit={edit}
        onSave={save}
        onDiscard={() => restart(task)}
        onRemove={() => void remove()}
      />
      {blocker.state === "blocked" && (
        <Confirm
          heading={t().task.leaveHeading}
          text={t().task.leaveText}
          onCancel={() => blocker.reset()}
        >
          <Button variant="quiet" onClick={() => blocker.reset()}>
            {t().task.keepEditing}
          </Button>
          <Button
            variant="danger"
            onClick={() => {
              text.current = textOf(base.current);
              keepDraft();
              blocker.proceed();
            }}
          >
            {t().task.discard}
          </Button>
        </Confirm>
      )}
    </>
  );
}
