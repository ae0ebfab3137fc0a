// One task in full: its title and notes to edit, whether it is done, and since when it is there.

import { useState } from "react";
import type { Problem } from "../lib/problem";
import type { Task, TaskChange } from "../lib/tasks";
import { Button } from "./button";
import { Field, TextField } from "./field";
import { Form, Submit, type Values } from "./form";
import { Heading } from "./heading";
import { TickBox } from "./task-row";

const TITLE_MAX = 255;
const NOTES_MAX = 10_000;

interface Props {
  task: Task;
  onTick(completed: boolean): void;
  onSave(change: TaskChange): Promise<Problem | undefined>;
  onRemove(): void;
}

/** As the service counts: a character that takes two units is one. */
const length = (text: string) => [...text].length;

const check = ({ title = "", description = "" }: Values) => ({
  title:
    title.trim() === ""
      ? "A task needs a title."
      : length(title.trim()) > TITLE_MAX
        ? `Use at most ${TITLE_MAX} characters.`
        : undefined,
  description: length(description) > NOTES_MAX ? `Use at most ${NOTES_MAX} characters.` : undefined,
});

const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function TaskEditor({ task, onTick, onSave, onRemove }: Props) {
  const [saved, setSaved] = useState<TaskChange>(task);

  /** What was not touched here may have been changed elsewhere meanwhile, so it is left out. */
  async function save(values: Values) {
    const { title = "", description = "" } = values;
    const edited = { title: title.trim(), description: description === "" ? null : description };
    const change: TaskChange = {};
    if (edited.title !== saved.title) change.title = edited.title;
    if (edited.description !== saved.description) change.description = edited.description;
    const problem = await onSave(change);
    if (!problem) setSaved(edited);
    return problem;
  }

  return (
    <article className="grid gap-6 rounded-3xl border border-line bg-surface p-5 shadow-card sm:p-7">
      <div className="-ml-2 flex items-start gap-1">
        <TickBox label={task.title} isTicked={task.completed} onTick={onTick} />
        <Heading
          className={`wrap-anywhere ${task.completed ? "text-muted line-through" : ""}`}
          title={task.title}
        >
          {task.title}
        </Heading>
      </div>
      <Form label="Edit task" check={check} onSubmit={save}>
        <Field name="title" label="Title" defaultValue={task.title} autoComplete="off" required />
        <TextField
          name="description"
          label="Notes"
          defaultValue={task.description ?? ""}
          rows={5}
        />
        <div className="flex flex-wrap justify-between gap-3">
          <Submit>Save changes</Submit>
          <Button look="danger" onClick={onRemove}>
            Delete task
          </Button>
        </div>
      </Form>
      <p className="border-t border-line pt-4 text-sm text-muted">
        Added <Time at={task.created_at} />, last changed <Time at={task.updated_at} />
      </p>
    </article>
  );
}

function Time({ at }: { at: string }) {
  return <time dateTime={at}>{time.format(new Date(at))}</time>;
}
