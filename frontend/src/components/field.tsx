// A labelled field with its hint and its mistake.

import {
  type InputHTMLAttributes,
  type ReactNode,
  type TextareaHTMLAttributes,
  useId,
  useState,
} from "react";
import { useForm } from "./form";

interface Described {
  name: string;
  label: string;
  hint?: string;
}

interface Parts {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

/** The label, the hint and the mistake around whatever is filled in. */
function Frame({ name, label, hint, children }: Described & { children(parts: Parts): ReactNode }) {
  const id = useId();
  const mistake = useForm().mistakes[name];
  const described = [hint && `${id}-hint`, mistake && `${id}-mistake`].filter(Boolean).join(" ");
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": mistake ? true : undefined,
      })}
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
      {mistake && (
        <p id={`${id}-mistake`} className="text-sm font-medium text-danger">
          {mistake}
        </p>
      )}
    </div>
  );
}

type FieldProps = Described & InputHTMLAttributes<HTMLInputElement>;

export function Field({ label, hint, ...input }: FieldProps) {
  const { name } = input;
  return (
    <Frame name={name} label={label} {...(hint ? { hint } : {})}>
      {(parts) => <input className="control" {...input} {...parts} />}
    </Frame>
  );
}

export function EmailField(props: FieldProps) {
  return (
    <Field type="email" inputMode="email" autoCapitalize="none" spellCheck={false} {...props} />
  );
}

/** A password, hidden until its owner wants to see it. */
export function PasswordField({ label, hint, ...input }: FieldProps) {
  const [isShown, setShown] = useState(false);
  return (
    <Frame name={input.name} label={label} {...(hint ? { hint } : {})}>
      {(parts) => (
        <div className="relative">
          <input
            className="control pr-18"
            autoCapitalize="none"
            spellCheck={false}
            {...input}
            {...parts}
            type={isShown ? "text" : "password"}
          />
          <button
            type="button"
            aria-pressed={isShown}
            aria-label={`Show ${label.toLowerCase()}`}
            className="absolute inset-y-1 right-1 rounded-lg px-3 text-sm font-medium text-accent hover:bg-sunken"
            onClick={() => setShown(!isShown)}
          >
            {isShown ? "Hide" : "Show"}
          </button>
        </div>
      )}
    </Frame>
  );
}

export function TextField({
  label,
  hint,
  ...area
}: Described & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Frame name={area.name} label={label} {...(hint ? { hint } : {})}>
      {(parts) => <textarea className="control min-h-32" {...area} {...parts} />}
    </Frame>
  );
}

export function CheckField({
  label,
  ...input
}: { label: string; name: string } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="flex min-h-11 items-center gap-3">
      <input type="checkbox" className="size-5 shrink-0 accent-accent" {...input} />
      {label}
    </label>
  );
}
