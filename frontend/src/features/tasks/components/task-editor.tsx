// The details of a task: its title and notes in a form, its completion, and the times at which it
// was added and last changed.

import { useState } from "react";
import { Button } from "../../../components/ui/button";
import { Field, TextField } from "../../../components/ui/field";
import { Form, Submit, type Values } from "../../../components/ui/form";
import { Heading } from "../../../components/ui/heading";
import { Linked } from "../../../components/ui/linked";
import { Restored } from "../../../components/ui/restored";
import { formatTime, t } from "../../../lib/i18n";
import { lineOf, notesMistake, type Task, type TaskText, titleMistake } from "../model/task";
import { isLoaded } from "../model/task-overlay";
import { OtherVersion } from "./other-version";
import { TickBox } from "./tick-box";

export interface Conflict {
  theirs: Task;
  keepMine(): void;
  useTheirs(): void;
}

interface Props {
  /** The task as displayed. */
  task: Task;
  /** The version of the task with which the typed text is compared. */
  base: Task;
  /** Unsaved text to begin with. If it is `undefined`, the form begins with the text of `base`. */
  draft: TaskText | undefined;
  /** Whether `draft` is from an earlier visit, so that the editor offers to discard it. */
  wasRestored: boolean;
  conflict: Conflict | undefined;
  onTick(completed: boolean): void;
  onEdit(text: TaskText): void;
  onSave(text: TaskText): Promise<void>;
  onDiscard(): void;
  onRemove(): void;
}

const check = ({ title = "", description = "" }: Values) => ({
  title: titleMistake(title),
  description: notesMistake(description),
});

const typed = ({ title = "", description = "" }: Values): TaskText => ({ title, description });

export function TaskEditor(props: Props) {
  const { task, base, draft, conflict, onTick, onEdit, onSave, onDiscard, onRemove } = props;
  const [isRestored, setRestored] = useState(props.wasRestored);
  const isKnown = isLoaded(task);
  return (
    <article className="grid gap-6 rounded-3xl border border-line bg-surface p-5 shadow-card sm:p-7">
      <div className="-ml-2 flex items-start gap-1">
        {isKnown && <TickBox label={task.title} isTicked={task.completed} onTick={onTick} />}
        <Heading
          className={`min-w-0 flex-1 wrap-anywhere ${task.completed ? "text-muted line-through" : ""}`}
          title={task.title}
        >
          {task.title}
        </Heading>
      </div>
      {isRestored && (
        <Restored
          onDiscard={() => {
            setRestored(false);
            onDiscard();
          }}
        />
      )}
      <Form
        label={t().task.form}
        check={check}
        onChange={(values) => onEdit(typed(values))}
        onSubmit={async (values) => {
          await onSave(typed(values));
          setRestored(false);
        }}
      >
        <Field
          name="title"
          label={t().task.title}
          dir="auto"
          defaultValue={lineOf(draft?.title ?? base.title)}
          autoComplete="off"
          required
        />
        <TextField
          name="description"
          label={t().task.notes}
          dir="auto"
          defaultValue={draft?.description ?? base.description ?? ""}
          rows={5}
        />
        {conflict && <ConflictMessage conflict={conflict} base={base} />}
        <div className="flex flex-wrap justify-between gap-3">
          <Submit>{t().task.save}</Submit>
          <Button variant="danger" onClick={onRemove}>
            {t().task.delete}
          </Button>
        </div>
      </Form>
      <Linked text={task.description ?? ""} />
      {isKnown && (
        <p className="border-t border-line pt-4 text-sm text-muted">
          {t().task.added} <Time at={task.created_at} />, {t().task.lastChanged}{" "}
          <Time at={task.updated_at} />
        </p>
      )}
    </article>
  );
}

function ConflictMessage({ conflict, base }: { conflict: Conflict; base: Task }) {
  const { theirs, keepMine, useTheirs } = conflict;
  return (
    <div role="alert" className="grid gap-3 rounded-xl bg-danger-tint px-4 py-3">
      <p className="font-medium text-danger">{t().task.conflict}</p>
      <OtherVersion
        theirs={theirs}
        hasTitle={theirs.title !== base.title}
        hasNotes={theirs.description !== base.description}
      />
      <div className="flex flex-wrap gap-3">
        <Button variant="quiet" onClick={keepMine}>
          {t().task.saveMine}
        </Button>
        <Button variant="quiet" onClick={useTheirs}>
          {t().task.useTheirs}
        </Button>
      </div>
    </div>
  );
}

function Time({ at }: { at: string }) {
  return <time dateTime={at}>{formatTime(new Date(at))}</time>;
}
