// The tasks with an unfinished title in the list or unsaved text in the editor.

import { useMemo, useSyncExternalStore } from "react";
import type { Draft } from "../../../lib/drafts";
import { TASK, TITLE } from "../model/task-draft";
import { drafts } from "../model/unsent";

/** Returns the original titles of the tasks with an unfinished title in the list, by task id. */
export const useEditedTitles = (): ReadonlyMap<string, string> =>
  useDrafts(TITLE, ({ base = "" }) => base);

/** Returns the original titles of the tasks with unsaved text in the editor, by task id. */
export const useUnsavedTasks = (): ReadonlyMap<string, string> =>
  useDrafts(TASK, ({ baseTitle = "" }) => baseTitle);

function useDrafts(kind: string, titleOf: (draft: Draft) => string): ReadonlyMap<string, string> {
  const names = useSyncExternalStore(drafts.subscribe, drafts.names);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the original title does not change
  return useMemo(() => {
    const own = names.filter((name) => name.startsWith(kind));
    return new Map(own.map((name) => [name.slice(kind.length), titleOf(drafts.get(name) ?? {})]));
  }, [names, kind]);
}
