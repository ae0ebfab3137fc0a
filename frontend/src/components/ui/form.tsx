// A form that validates on submit, shows errors at their fields, and focuses the first such field.

import {
  createContext,
  type FormEvent,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";
import { t } from "../../lib/i18n";
import { type Problem, problemOf } from "../../lib/problem";
import { Button } from "./button";
import { ProblemMessage } from "./problem-message";

export type Values = Record<string, string>;
/** Errors by field name; valid fields have none. */
export type Mistakes = Record<string, string | undefined>;

interface FormState {
  mistakes: Mistakes;
  isBusy: boolean;
  isWaiting: boolean;
}

const FormContext = createContext<FormState>({ mistakes: {}, isBusy: false, isWaiting: false });

export const useForm = (): FormState => useContext(FormContext);

interface Props {
  children: ReactNode;
  check?: (values: Values) => Mistakes;
  /** Submits the values. If this fails, the form shows the error. */
  onSubmit(values: Values, form: HTMLFormElement): Promise<unknown>;
  /** Receives the values after each input. */
  onChange?: (values: Values) => void;
  /** Returns additional content for a problem's message. */
  offer?: (problem: Problem) => ReactNode;
  label?: string;
  className?: string;
}

export function Form(props: Props) {
  const { children, check, onSubmit, onChange, offer, label, className = "" } = props;
  const form = useRef<HTMLFormElement>(null);
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  const hasTyped = useRef(false);

  // The focus does not move while the user is typing: the rest of the text would go to another
  // field.
  useEffect(() => {
    if (!hasTyped.current && Object.values(mistakes).some(Boolean)) {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }, [mistakes]);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    if (isBusy || problem?.retryAfter) return;
    hasTyped.current = false;
    const values = read(element);
    const found = check?.(values) ?? {};
    setProblem(undefined);
    setMistakes(found);
    if (Object.values(found).some(Boolean)) return;
    setBusy(true);
    try {
      await onSubmit(values, element);
    } catch (error) {
      refuse(problemOf(error), element);
    } finally {
      setBusy(false);
    }
  }

  function refuse(refusal: Problem, element: HTMLFormElement) {
    const shown = mistakesOf(refusal, element);
    setMistakes(shown);
    if (Object.keys(shown).length === 0) setProblem(refusal);
  }

  const isWaiting = problem?.retryAfter !== undefined;
  return (
    <FormContext value={{ mistakes, isBusy, isWaiting }}>
      <form
        ref={form}
        noValidate
        aria-label={label}
        className={`flex flex-col gap-5 ${className}`}
        onSubmit={(event) => void submit(event)}
        onInput={({ currentTarget, target }) => {
          hasTyped.current = true;
          const name = target instanceof HTMLElement && target.getAttribute("name");
          // A field that is being corrected no longer shows its error.
          if (name && mistakes[name]) setMistakes({ ...mistakes, [name]: undefined });
          onChange?.(read(currentTarget));
        }}
        onReset={() => {
          setMistakes({});
          setProblem(undefined);
        }}
      >
        {children}
        {problem && (
          <ProblemMessage problem={problem} onOver={() => setProblem(undefined)}>
            {offer?.(problem)}
          </ProblemMessage>
        )}
      </form>
    </FormContext>
  );
}

/** The submit button of the surrounding form. */
export function Submit({
  children,
  variant = "main",
}: {
  children: ReactNode;
  variant?: "main" | "quiet" | "danger";
}) {
  const { isBusy, isWaiting } = useForm();
  return (
    <Button type="submit" variant={variant} aria-disabled={isBusy || isWaiting}>
      {isBusy ? t().oneMoment : children}
    </Button>
  );
}

function read(form: HTMLFormElement): Values {
  const values: Values = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") values[name] = value;
  }
  return values;
}

/**
 * Returns the errors of the fields in this form. If two fields have the same error, returns only that
 * of the first field.
 */
function mistakesOf({ fields }: Problem, form: HTMLFormElement): Mistakes {
  const known = Object.entries(fields).filter(([name]) => form.elements.namedItem(name));
  const isOneForMany = new Set(known.map(([, message]) => message)).size < known.length;
  return Object.fromEntries(isOneForMany ? known.slice(0, 1) : known);
}
