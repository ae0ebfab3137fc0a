// One task in the list: tick it, edit it in place, open it or delete it.

import { memo, useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { isDraft } from "../lib/task-cache";
import type { Task, TaskChange } from "../lib/tasks";
import { CheckIcon, OpenIcon, TrashIcon } from "./icons";

export interface TaskActions {
  change(id: string, change: TaskChange): void;
  remove(task: Task): void;
}

const TOOL =
  "grid size-10 shrink-0 place-items-center rounded-xl text-muted transition-colors hover:bg-sunken hover:text-ink";

interface Props {
  task: Task;
  actions: TaskActions;
}

export const TaskRow = memo(function TaskRow({ task, actions }: Props) {
  const [isEdited, setEdited] = useState(false);
  const editButton = useRef<HTMLButtonElement>(null);
  const row = useRef<HTMLLIElement>(null);
  const isNew = isDraft(task);

  function finish(title: string, isKeyboard: boolean) {
    setEdited(false);
    const trimmed = title.trim();
    if (trimmed !== "" && trimmed !== task.title) actions.change(task.id, { title: trimmed });
    if (isKeyboard) requestAnimationFrame(() => editButton.current?.focus());
  }

  return (
    <li
      ref={row}
      className={`row border-b border-line last:border-0 ${isNew ? "row-enter" : ""}`}
      aria-busy={isNew || undefined}
    >
      <div className="flex min-h-14 items-center gap-1 py-1.5 pr-2 pl-3">
        <TickBox
          label={task.title}
          isTicked={task.completed}
          isDisabled={isNew}
          onTick={(completed) => {
            keepFocus(row.current, "input");
            actions.change(task.id, { completed });
          }}
        />
        {isEdited ? (
          <TitleInput title={task.title} onDone={finish} />
        ) : (
          <button
            ref={editButton}
            type="button"
            disabled={isNew}
            aria-label={`Edit ${task.title}`}
            title="Edit"
            onClick={() => setEdited(true)}
            className={`min-w-0 flex-1 cursor-text rounded-lg px-2 py-2 text-left wrap-anywhere ${
              task.completed ? "text-muted line-through" : ""
            }`}
          >
            {task.title}
          </button>
        )}
        {!isNew && (
          <>
            <Link to={`/tasks/${task.id}`} aria-label={`Open ${task.title}`} className={TOOL}>
              <OpenIcon />
            </Link>
            <button
              type="button"
              aria-label={`Delete ${task.title}`}
              className={TOOL}
              onClick={() => {
                keepFocus(row.current, "button:last-of-type");
                actions.remove(task);
              }}
            >
              <TrashIcon />
            </button>
          </>
        )}
      </div>
    </li>
  );
});

/** If the row leaves the list, the focus goes on to the one that takes its place, or to the start. */
function keepFocus(row: HTMLElement | null, control: string): void {
  const next = row?.nextElementSibling ?? row?.previousElementSibling;
  requestAnimationFrame(() => {
    if (row?.isConnected) return;
    const target = next?.querySelector<HTMLElement>(control);
    (target ?? document.querySelector<HTMLElement>("h1"))?.focus();
  });
}

interface TickBoxProps {
  label: string;
  isTicked: boolean;
  isDisabled?: boolean;
  onTick(isTicked: boolean): void;
}

export function TickBox({ label, isTicked, isDisabled = false, onTick }: TickBoxProps) {
  return (
    <span className="relative grid size-10 shrink-0 place-items-center">
      <input
        type="checkbox"
        aria-label={`Done: ${label}`}
        checked={isTicked}
        disabled={isDisabled}
        onChange={({ target }) => onTick(target.checked)}
        className="peer absolute inset-0 m-auto size-6 appearance-none rounded-full border-2 border-edge transition-colors checked:border-accent checked:bg-accent hover:border-accent"
      />
      <span className="pointer-events-none text-on-accent opacity-0 peer-checked:opacity-100">
        <CheckIcon className="relative size-4" />
      </span>
    </span>
  );
}

interface TitleInputProps {
  title: string;
  onDone(title: string, isKeyboard: boolean): void;
}

/** Enter and leaving keep what was written; Escape does not. */
function TitleInput({ title, onDone }: TitleInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);

  useEffect(() => {
    input.current?.focus();
    input.current?.setSelectionRange(-1, -1);
  }, []);

  function done(value: string, isKeyboard: boolean) {
    if (isDone.current) return;
    isDone.current = true;
    onDone(value, isKeyboard);
  }

  return (
    <input
      ref={input}
      aria-label="Title"
      defaultValue={title}
      maxLength={255}
      autoComplete="off"
      className="control min-w-0 flex-1 px-2 py-1.5"
      onBlur={({ currentTarget }) => done(currentTarget.value, false)}
      onKeyDown={({ key, currentTarget, nativeEvent }) => {
        if (key === "Enter" && !nativeEvent.isComposing) done(currentTarget.value, true);
        if (key === "Escape") done(title, true);
      }}
    />
  );
}
