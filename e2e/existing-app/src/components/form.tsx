// Forms that call the client and show the result.

import { type FormEvent, type InputHTMLAttributes, type ReactNode, useState } from "react";

type Result = { error: { message?: string; statusText: string } | null };

type Props = {
  title: string;
  /** Calls the client with the value of each field. */
  submit: (fields: Record<string, string>) => Promise<Result>;
  /** Message shown on success. */
  success?: string;
  children: ReactNode;
};

export function Form({ title, submit, success, children }: Props) {
  const [isPending, setIsPending] = useState(false);
  const [isDone, setIsDone] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    setIsPending(true);
    setIsDone(false);
    setProblem(undefined);
    const { error } = await submit(Object.fromEntries(new FormData(form)) as Record<string, string>);
    setIsPending(false);
    if (error) {
      setProblem(error.message ?? error.statusText);
      return;
    }
    setIsDone(true);
    form.reset();
  }

  return (
    <form aria-label={title} onSubmit={onSubmit}>
      <h2>{title}</h2>
      {children}
      {problem !== undefined && <p role="alert">{problem}</p>}
      {isDone && success !== undefined && <p role="status">{success}</p>}
      <button disabled={isPending}>{title}</button>
    </form>
  );
}

export function Field({ label, ...input }: InputHTMLAttributes<HTMLInputElement> & { label: string }) {
  return (
    <label>
      {label}
      <input {...input} />
    </label>
  );
}
