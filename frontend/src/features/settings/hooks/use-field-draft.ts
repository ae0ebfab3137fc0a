// Unsaved text of a field, which is kept until it is saved or discarded.

import { useEffect, useState, useSyncExternalStore } from "react";
import { useMembership } from "../../auth/hooks/use-membership";

export interface FieldDraft {
  /** The unsaved text, or `undefined` if nothing is unsaved. */
  text: string | undefined;
  /** Whether the text was restored from an earlier visit. */
  isRestored: boolean;
  /** Stores unsaved text. `undefined` discards it. */
  keep(text: string | undefined): void;
  /**
   * Discards text that has been saved, and displays `shown` instead, if given. If the user has
   * typed something else during the request, that text is kept.
   */
  saved(text: string, shown?: string): void;
}

/**
 * Returns the draft of a field. `current` is the value on the server, if there is one. Text that
 * equals this value counts as saved, because the response to a request may have been lost.
 */
export function useFieldDraft(field: string, current?: string): FieldDraft {
  const { drafts } = useMembership();
  const name = `settings:${field}`;
  const stored = () => drafts.get(name)?.text;
  const [text, setText] = useState(stored);
  const [wasRestored, setRestored] = useState(text !== undefined);
  // A save that was started on an earlier visit may end now, and delete the draft.
  const isKept = useSyncExternalStore(drafts.subscribe, () => stored() !== undefined);
  const isRestored = wasRestored && isKept;
  const isSaved = isRestored && text?.trim() === current;

  useEffect(() => {
    if (isSaved) drafts.set(name, undefined);
  }, [isSaved, drafts, name]);

  function keep(text: string | undefined) {
    drafts.set(name, text === undefined ? undefined : { text });
    setText(text);
    if (text === undefined) setRestored(false);
  }

  function saved(text: string, shown?: string) {
    setRestored(false);
    if (stored() !== text) return;
    keep(undefined);
    setText(shown);
  }

  return { text, isRestored, keep, saved };
}
