// A form that checks before it sends, shows each mistake at its field, and takes people there.

import {
  createContext,
  type FormEvent,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";
import type { Problem } from "../lib/problem";
import { Button } from "./button";
import { ProblemMessage } from "./problem-message";

export type Values = Record<string, string>;
/** The mistakes by field name; those without one are right. */
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
  /** Does it; what went wrong, if anything did. */
  onSubmit(values: Values, form: HTMLFormElement): Promise<Problem | undefined>;
  /** What to offer along with a problem. */
  offer?: (problem: Problem) => ReactNode;
  label?: string;
  className?: string;
}

export function Form({ children, check, onSubmit, offer, label, className = "" }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);

  useEffect(() => {
    if (Object.values(mistakes).some(Boolean)) {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }, [mistakes]);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    if (isBusy || problem?.retryAfter) return;
    const values = read(element);
    const found = check?.(values) ?? {};
    setProblem(undefined);
    setMistakes(found);
    if (Object.values(found).some(Boolean)) return;
    setBusy(true);
    const refusal = await onSubmit(values, element);
    setBusy(false);
    if (!refusal) return;
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

/** The button that sends the form. */
export function Submit({
  children,
  look = "main",
}: {
  children: ReactNode;
  look?: "main" | "quiet" | "danger";
}) {
  const { isBusy, isWaiting } = useForm();
  return (
    <Button type="submit" look={look} aria-disabled={isBusy || isWaiting}>
      {isBusy ? "One moment…" : children}
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

/** Those mistakes that have a field here; a problem with several candidates takes the first. */
function mistakesOf({ fields }: Problem, form: HTMLFormElement): Mistakes {
  const known = Object.entries(fields).filter(([name]) => form.elements.namedItem(name));
  const isOneForMany = new Set(known.map(([, message]) => message)).size < known.length;
  return Object.fromEntries(isOneForMany ? known.slice(0, 1) : known);
}
