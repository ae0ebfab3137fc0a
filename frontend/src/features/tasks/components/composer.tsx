// The field for new tasks. Enter adds a task and keeps the focus for the next one.

import { type FormEvent, useState } from "react";
import { PlusIcon } from "../../../components/ui/icons";
import { t } from "../../../lib/i18n";
import { titleMistake } from "../model/task";

interface Props {
  /** Initial text: the draft from an earlier visit, or an empty string. */
  draft: string;
  onDraft(title: string): void;
  onAdd(title: string): void;
}

export function Composer({ draft, onDraft, onAdd }: Props) {
  const [mistake, setMistake] = useState<string>();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const field = form.querySelector("input");
    const title = (field?.value ?? "").trim();
    field?.focus();
    if (title === "") return setMistake(t().tasks.nothingTyped);
    const found = titleMistake(title);
    setMistake(found);
    if (found) return;
    onAdd(title);
    onDraft("");
    if (field) field.value = "";
  }

  return (
    <form className="print:hidden" noValidate onSubmit={submit}>
      <div className="relative">
        <input
          name="title"
          data-shortcut="new-task"
          dir="auto"
          aria-label={t().tasks.newTask}
          aria-invalid={mistake ? true : undefined}
          aria-describedby={mistake ? "new-task-mistake" : undefined}
          placeholder={t().tasks.newTaskHint}
          autoComplete="off"
          enterKeyHint="done"
          className="control h-14 rounded-2xl pr-16 pl-5 shadow-card"
          defaultValue={draft}
          onChange={({ target }) => {
            setMistake(undefined);
            onDraft(target.value);
          }}
        />
        <button
          type="submit"
          aria-label={t().tasks.add}
          className="absolute inset-y-1.5 right-1.5 grid w-11 place-items-center rounded-xl bg-accent text-on-accent hover:bg-accent-strong"
        >
          <PlusIcon />
        </button>
      </div>
      {mistake && (
        <p id="new-task-mistake" role="alert" className="mt-2 px-1 text-sm font-medium text-danger">
          {mistake}
        </p>
      )}
    </form>
  );
}
