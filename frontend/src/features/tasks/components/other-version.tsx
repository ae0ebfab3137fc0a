// The title and notes of a task as they were saved elsewhere.

import { t } from "../../../lib/i18n";
import type { Task } from "../model/task";

interface Props {
  theirs: Task;
  hasTitle: boolean;
  hasNotes: boolean;
}

export function OtherVersion({ theirs, hasTitle, hasNotes }: Props) {
  return (
    <>
      {hasTitle && (
        <p>
          {t().task.titleThere}{" "}
          <strong dir="auto" className="wrap-anywhere">
            {theirs.title}
          </strong>
        </p>
      )}
      {hasNotes && <Notes label={t().task.notesThere} text={theirs.description} />}
    </>
  );
}

export function Notes({ label, text }: { label: string; text: string | null }) {
  return (
    <div>
      <p>{label}</p>
      <p dir="auto" className="wrap-anywhere whitespace-pre-wrap">
        {text || t().task.none}
      </p>
    </div>
  );
}
