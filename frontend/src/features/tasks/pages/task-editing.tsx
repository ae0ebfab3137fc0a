// Edits a task on its page: unsaved text, conflicts, and leaving without saving.

import { useEffect, useRef, useState } from "react";
import { useBlocker, useNavigate } from "react-router";
import { Button, ButtonLink } from "../../../components/ui/button";
import { Confirm } from "../../../components/ui/confirm";
import { Heading } from "../../../components/ui/heading";
import { SearchIcon } from "../../../components/ui/icons";
import { ProblemMessage } from "../../../components/ui/problem-message";
import { State } from "../../../components/ui/state";
import { t } from "../../../lib/i18n";
import { notices } from "../../../lib/notices";
import { type Problem, ProblemError, problemOf } from "../../../lib/problem";
import { TaskEditor } from "../components/task-editor";
import { UnsentChange } from "../components/unsent-change";
import {
  addTask,
  changeTask,
  discardChange,
  removeTask,
  saveTask,
  type UnsentActions,
  useUnsent,
  useUnsentActions,
} from "../hooks/use-task-changes";
import { fetchTask } from "../hooks/use-tasks";
import {
  changeOf,
  fieldsOf,
  followed,
  notesMistake,
  type Task,
  type TaskText,
  textOf,
  titleMistake,
  withoutConflicts,
  withTheirs,
} from "../model/task";
import { keepText, startOf } from "../model/task-draft";
import { withUnsent } from "../model/task-overlay";
import { isPersistent, put } from "../model/unsent";

interface Props {
  task: Task;
  /** The problem to display if the task no longer exists. */
  missing: Problem | undefined;
}

export function Editing(props: Props) {
  const { task } = props;
  const [refusal, setRefusal] = useState<Problem>();
  const missing = props.missing ?? refusal;
  const unsent = useUnsent();
  const row = withUnsent(task, unsent);
  // The form starts with the unsent changes, so that a further edit does not undo them.
  const [start, setStart] = useState(() => startOf(row?.task ?? task));
  const [theirs, setTheirs] = useState<Task>();
  const [round, setRound] = useState(0);
  const base = useRef(start.base);
  const text = useRef(start.draft ?? textOf(start.base));
  const isShown = useRef(true);
  /** Whether the user has deleted the task here. Its unsaved text is kept, for an undo. */
  const isRemoved = useRef(false);
  const given = useUnsentActions();
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
      !isRemoved.current &&
      nextLocation.pathname !== currentLocation.pathname &&
      // When the session has ended, the draft is kept until the same user signs in again.
      !nextLocation.pathname.startsWith("/auth/"),
  );

  const keepDraft = () => keepText(task, base.current, isDirty() ? text.current : undefined);

  // The row is missing while this tab sends a deletion that a closed tab has left behind. If the row
  // comes back, the draft was deleted with the task, so it is stored again.
  const isDeleted = row === undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs on mount and after a deletion
  useEffect(() => {
    if (!isDeleted) keepDraft();
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
    setStart({ base: saved, draft: text.current });
  }

  /** Restarts the form with a task as its base, and with `next` as its text. */
  function restart(task: Task, next: TaskText = textOf(task)) {
    text.current = next;
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
    notices.retract(t().task.saved, t().task.kept, t().task.keptInTab);
    const saving = saveTask(before, change, fieldsOf(seen, change));
    // From now on, the outbox keeps the text, even if this page is closed.
    base.current = { ...before, ...change };
    keepDraft();
    const outcome = await saving;
    // If the user has left the form, the list shows a rejected change.
    if (!isShown.current) return;
    if (outcome.kind === "failed") {
      // The change has replaced earlier refused ones, so the base must no longer contain those.
      base.current = seen === before ? { ...before, ...outcome.base } : before;
      keepDraft();
      discardChange(outcome.id);
      setStart({ base: base.current, draft: text.current });
      if (outcome.theirs) setTheirs(outcome.theirs);
      else if (outcome.problem.status === 404) setRefusal(outcome.problem);
      else throw new ProblemError(outcome.problem);
      return;
    }
    const isSaved = outcome.kind === "done";
    settle(isSaved && outcome.task ? outcome.task : base.current);
    const isKept = isSaved || (await isPersistent());
    const { saved, kept, keptInTab } = t().task;
    notices.show({ kind: "info", text: isSaved ? saved : isKept ? kept : keptInTab });
  }

  /** Continues with the server's version: it may contain a change whose response was lost. */
  async function showStored() {
    const stored = await fetchTask(task.id).catch(() => undefined);
    if (stored && isShown.current) settle(stored);
  }

  /** Overwrites the version saved elsewhere. If that fails, offers the choice again. */
  async function overwrite(theirs: Task) {
    try {
      await save(text.current, theirs);
    } catch (error) {
      setTheirs(theirs);
      notices.show({ kind: "problem", text: problemOf(error).message });
    }
  }

  // An unsent update may have been made in another tab. These three actions on it also update the
  // form.
  const actions: UnsentActions = {
    ...given,
    overwrite(entry) {
      given.overwrite(entry);
      if (entry.write.kind === "update") settle({ ...base.current, ...entry.write.change });
    },
    discard(entry) {
      // A change that is being sent cannot be discarded any more.
      if (entry.state === "sending") return;
      given.discard(entry);
      notices.retract(t().task.kept, t().task.keptInTab);
      if (entry.write.kind !== "update") return;
      settle({ ...base.current, ...entry.write.base });
      if (entry.problem) void showStored();
    },
    takeTheirs(entry) {
      given.takeTheirs(entry);
      const { theirs, write } = entry;
      if (!theirs || write.kind !== "update") return;
      const rest = withoutConflicts(theirs, write.change, write.base);
      settle({ ...base.current, ...fieldsOf({ ...theirs, ...rest }, write.change) });
    },
  };

  async function remove() {
    isRemoved.current = true;
    // The form starts with the unsaved text if the deletion is undone before the list is loaded.
    setStart({ base: base.current, draft: isDirty() ? text.current : undefined });
    removeTask(base.current);
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

  if (!row && (isRemoved.current || !isDirty())) {
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
          <Button variant="quiet" className="mt-3" onClick={() => void addAsNew()}>
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
        wasRestored={round === 0 && start.draft !== undefined}
        conflict={
          theirs && {
            theirs,
            keepMine: () => void overwrite(theirs),
            useTheirs: () => {
              put(theirs);
              restart(theirs, withTheirs(text.current, base.current, theirs));
            },
          }
        }
        onTick={(completed) => changeTask(shown, { completed })}
        onEdit={edit}
        onSave={save}
        onDiscard={() => restart(shown)}
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
