// Labeled form fields, with hints and validation errors.

import {
  type InputHTMLAttributes,
  type ReactNode,
  type TextareaHTMLAttributes,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { t } from "../../lib/i18n";
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

/** The label, the hint and the validation error around an input. */
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

/**
 * Returns a ref for a field whose initial value is `value`. When this value changes, the field is
 * updated, unless the user has edited the field.
 */
function useStart<E extends HTMLInputElement | HTMLTextAreaElement>(value: unknown) {
  const element = useRef<E>(null);
  // Normalizes line breaks as a field does, so that `start` can be compared with the field's value.
  const start = String(value ?? "").replaceAll(/\r\n?/g, "\n");
  const before = useRef(start);

  useLayoutEffect(() => {
    const hasStart = element.current?.value === before.current;
    before.current = start;
    if (element.current && hasStart) element.current.value = start;
  }, [start]);

  return element;
}

type FieldProps = Described & InputHTMLAttributes<HTMLInputElement>;

export function Field({ label, hint, ...input }: FieldProps) {
  const { name } = input;
  const element = useStart<HTMLInputElement>(input.defaultValue);
  return (
    <Frame name={name} label={label} {...(hint ? { hint } : {})}>
      {(parts) => <input ref={element} className="control" {...input} {...parts} />}
    </Frame>
  );
}

export function EmailField(props: FieldProps) {
  return (
    <Field type="email" inputMode="email" autoCapitalize="none" spellCheck={false} {...props} />
  );
}

/** A password field with a button that reveals the password. */
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
            aria-label={t().fields.showField(label)}
            className="absolute inset-y-1 right-1 rounded-lg px-3 text-sm font-medium text-accent hover:bg-sunken"
            onClick={() => setShown(!isShown)}
          >
            {isShown ? t().fields.hide : t().fields.show}
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
  const element = useStart<HTMLTextAreaElement>(area.defaultValue);
  return (
    <Frame name={area.name} label={label} {...(hint ? { hint } : {})}>
      {(parts) => <textarea ref={element} className="control min-h-32" {...area} {...parts} />}
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

/** Tells password managers which account the form is for. */
export function Username({ email }: { email: string }) {
  return (
    <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
  );
}
