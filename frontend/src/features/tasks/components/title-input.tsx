// Edits a title in place: Enter or leaving the field saves, Escape cancels.

import { useEffect, useId, useRef, useState } from "react";
import { t } from "../../../lib/i18n";
import { lineOf, titleMistake } from "../model/task";

interface Props {
  title: string;
  /**
   * Whether the field takes the focus. This would be unexpected for a title restored from an
   * earlier visit.
   */
  takesFocus: boolean;
  onChange(title: string): void;
  /**
   * Called with the new title, or with `undefined` if the edit is canceled or the title is empty.
   * `isKeyboard` tells whether the user pressed Enter or Escape.
   */
  onDone(title: string | undefined, isKeyboard: boolean): void;
}

export function TitleInput({ title, takesFocus, onChange, onDone }: Props) {
  const [mistake, setMistake] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  const id = useId();

  useEffect(() => {
    if (!takesFocus) return;
    input.current?.focus();
    input.current?.setSelectionRange(-1, -1);
  }, [takesFocus]);

  function done(value: string | undefined, isKeyboard: boolean) {
    if (isDone.current) return;
    const text = value?.trim();
    const found = text ? titleMistake(text) : undefined;
    setMistake(found);
    if (found) return;
    isDone.current = true;
    onDone(text || undefined, isKeyboard);
  }

  return (
    <span className="min-w-0 flex-1">
      <input
        ref={input}
        dir="auto"
        aria-label={t().row.title}
        aria-invalid={mistake ? true : undefined}
        aria-describedby={mistake ? id : undefined}
        defaultValue={lineOf(title)}
        autoComplete="off"
        className="control min-w-0 px-2 py-1.5"
        onChange={({ target }) => {
          setMistake(undefined);
          onChange(target.value);
        }}
        onBlur={({ currentTarget }) => done(currentTarget.value, false)}
        onKeyDown={(event) => {
          // Safari reports the Enter that ends a composition with key code 229.
          const isComposing = event.nativeEvent.isComposing || event.keyCode === 229;
          if (isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
          // The same key press must not also activate the button that takes the focus.
          event.preventDefault();
          done(event.key === "Enter" ? event.currentTarget.value : undefined, true);
        }}
      />
      {mistake && (
        <span id={id} role="alert" className="block px-1 pt-1 text-sm font-medium text-danger">
          {mistake}
        </span>
      )}
    </span>
  );
}
