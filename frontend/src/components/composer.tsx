// The line in which new tasks are written: Enter adds, and the next can be written at once.

import { type FormEvent, useState } from "react";
import { PlusIcon } from "./icons";

const MAX = 255;

export function Composer({ onAdd }: { onAdd(title: string): void }) {
  const [mistake, setMistake] = useState<string>();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const title = String(new FormData(form).get("title") ?? "").trim();
    form.querySelector("input")?.focus();
    if (title === "") return setMistake("Write down what is to be done first.");
    if ([...title].length > MAX) return setMistake(`Use at most ${MAX} characters for a title.`);
    setMistake(undefined);
    onAdd(title);
    form.reset();
  }

  return (
    <form noValidate onSubmit={submit}>
      <div className="relative">
        <input
          name="title"
          aria-label="New task"
          aria-invalid={mistake ? true : undefined}
          aria-describedby={mistake ? "new-task-mistake" : undefined}
          placeholder="What is to be done?"
          autoComplete="off"
          enterKeyHint="done"
          className="control h-14 rounded-2xl pr-16 pl-5 shadow-card"
          onChange={() => setMistake(undefined)}
        />
        <button
          type="submit"
          aria-label="Add task"
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
