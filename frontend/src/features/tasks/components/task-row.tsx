// One task in the list. It can be completed, renamed in place, opened and deleted.

import { memo, useLayoutEffect, useRef, useState } from "react";
import { Link, useLocation } from "react-router";
import { OpenIcon, TrashIcon } from "../../../components/ui/icons";
import type { Draft } from "../../../lib/drafts";
import { t } from "../../../lib/i18n";
import type { UnsentActions } from "../hooks/use-task-changes";
import type { Entry } from "../model/entry";
import { isSameTitle, rowId, type Task, type TaskChange } from "../model/task";
import { isDraft, isLoaded } from "../model/task-overlay";
import { TickBox } from "./tick-box";
import { TitleInput } from "./title-input";
import { UnsentChange } from "./unsent-change";

export interface TaskActions {
  /** `task` contains the fields as the user saw them, to detect changes made elsewhere. */
  change(task: Task, change: TaskChange): void;
  remove(task: Task): void;
  /** Returns the unfinished title of a task, with the title that it replaces. */
  draftOf(id: string): Draft | undefined;
  keepDraft(id: string, draft: Draft | undefined): void;
  unsent: UnsentActions;
}

const TOOL =
  "grid size-10 shrink-0 print:hidden place-items-center rounded-xl text-muted transition-colors hover:bg-sunken hover:text-ink";

interface Props {
  task: Task;
  unsent: Entry | undefined;
  actions: TaskActions;
}

export const TaskRow = memo(function TaskRow({ task, unsent, actions }: Props) {
  const { search } = useLocation();
  const [draft, setDraft] = useState(() => actions.draftOf(task.id));
  const [isEdited, setEdited] = useState(draft !== undefined);
  const editButton = useRef<HTMLButtonElement>(null);
  const isNew = isDraft(task);
  /** The title when the user began to edit it. */
  const base = useRef(draft?.base ?? task.title);
  const isLeftByKeyboard = useRef(false);

  useLayoutEffect(() => {
    if (isEdited || !isLeftByKeyboard.current) return;
    isLeftByKeyboard.current = false;
    editButton.current?.focus();
  }, [isEdited]);

  function edit() {
    base.current = task.title;
    setEdited(true);
  }

  function finish(title: string | undefined, isKeyboard: boolean) {
    setEdited(false);
    setDraft(undefined);
    const isChanged = (from: string) => title !== undefined && !isSameTitle(title, from);
    if (title !== undefined && isChanged(base.current) && isChanged(task.title)) {
      actions.change({ ...task, title: base.current }, { title });
    }
    // The draft is deleted only after the change has been added, so that the title is not lost.
    actions.keepDraft(task.id, undefined);
    isLeftByKeyboard.current = isKeyboard;
  }

  return (
    <li
      id={rowId(task)}
      className={`row border-b border-line last:border-0 ${isNew ? "row-enter" : ""}`}
      aria-busy={isNew || undefined}
    >
      <div className="flex min-h-14 items-center gap-1 py-1.5 pr-2 pl-3">
        {isLoaded(task) && (
          <TickBox
            label={task.title}
            isTicked={task.completed}
            isDisabled={isNew}
            onTick={(completed) => actions.change(task, { completed })}
          />
        )}
        {isEdited ? (
          <TitleInput
            title={draft?.title ?? task.title}
            takesFocus={draft === undefined}
            onChange={(title) => actions.keepDraft(task.id, { title, base: base.current })}
            onDone={finish}
          />
        ) : (
          <button
            ref={editButton}
            type="button"
            dir="auto"
            data-control="edit"
            disabled={isNew}
            aria-label={t().row.edit(task.title)}
            title={t().row.editHint}
            onClick={edit}
            className={`min-w-0 flex-1 cursor-text rounded-lg px-2 py-2 text-start wrap-anywhere ${
              task.completed ? "text-muted line-through" : ""
            }`}
          >
            {task.title}
          </button>
        )}
        {!isNew && (
          <>
            <Link
              to={`/tasks/${task.id}`}
              state={{ from: search }}
              aria-label={t().row.open(task.title)}
              data-control="open"
              className={TOOL}
            >
              <OpenIcon />
            </Link>
            <button
              type="button"
              aria-label={t().row.delete(task.title)}
              className={TOOL}
              data-control="delete"
              onClick={() => actions.remove(task)}
            >
              <TrashIcon />
            </button>
          </>
        )}
      </div>
      {unsent && <UnsentChange entry={unsent} actions={actions.unsent} />}
    </li>
  );
});
