// A dialog that asks for confirmation before data is lost.

import { type ReactNode, useId, useLayoutEffect, useRef } from "react";

interface Props {
  heading: string;
  text: string;
  /** The dialog's buttons. */
  children: ReactNode;
  onCancel(): void;
}

export function Confirm({ heading, text, children, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();

  // Closing the dialog before it is removed returns the focus to the previous element.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
      aria-labelledby={id}
      className="m-auto w-[calc(100%-2rem)] max-w-md rounded-3xl border border-line bg-surface p-6 text-ink shadow-card backdrop:bg-black/50 sm:p-8"
    >
      <h2 id={id} className="text-xl font-semibold">
        {heading}
      </h2>
      <p className="mt-2 mb-6 text-muted">{text}</p>
      <div className="flex flex-wrap justify-end gap-3">{children}</div>
    </dialog>
  );
}
