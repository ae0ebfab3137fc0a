// The state of a change that the server has not confirmed, and the user's options.

import { t } from "../../../lib/i18n";
import type { UnsentActions } from "../hooks/use-task-changes";
import type { Entry } from "../model/entry";
import { conflictsOf } from "../model/task";
import { Notes, OtherVersion } from "./other-version";

interface Props {
  entry: Entry;
  actions: UnsentActions;
}

export function UnsentChange({ entry, actions }: Props) {
  const { state, problem, theirs, write } = entry;
  if (theirs && write.kind === "delete") {
    return (
      <div>
        <div className="px-3 pb-2 text-sm">
          <Notes label={`${t().task.notes}:`} text={theirs.description} />
        </div>
        <Line text={t().unsent.notDeleted} isProblem>
          <Action label={t().unsent.deleteAnyway} run={() => actions.overwrite(entry)} />
          <Action label={t().unsent.keepTask} run={() => actions.discard(entry)} />
        </Line>
      </div>
    );
  }
  if (theirs) return <Conflict entry={entry} actions={actions} />;
  if (state === "failed") {
    const isGone = problem?.status === 404 && write.kind !== "delete";
    return (
      <Line text={`${t().unsent.notSaved} ${textOf(entry)}`} isProblem>
        {isGone ? (
          <Action label={t().unsent.addAsNew} run={() => actions.recreate(entry)} />
        ) : (
          <Action label={t().unsent.retry} run={() => actions.retry(entry)} />
        )}
        <Action label={t().unsent.discard} run={() => actions.discard(entry)} />
      </Line>
    );
  }
  if (!problem) {
    return (
      <p className="delayed px-3 pb-2 text-sm text-muted" role="status">
        {t().unsent.notSentYet}
      </p>
    );
  }
  return (
    <Line text={`${t().unsent.notSavedYet} ${textOf(entry)}`} isProblem={false}>
      <Action label={t().unsent.retryNow} run={() => actions.retry(entry)} />
      <Action label={t().unsent.discard} run={() => actions.discard(entry)} />
    </Line>
  );
}

/** Shows both versions of the fields in conflict, except the user's title, which the row shows. */
function Conflict({ entry, actions }: Props) {
  const { theirs, write } = entry;
  if (!theirs || write.kind !== "update") return null;
  const fields = conflictsOf(theirs, write.change, write.base);
  const hasNotes = fields.includes("description");
  return (
    <div>
      <div className="grid gap-2 px-3 pb-2 text-sm">
        {hasNotes && <Notes label={`${t().task.notes}:`} text={write.change.description ?? null} />}
        <OtherVersion theirs={theirs} hasTitle={fields.includes("title")} hasNotes={hasNotes} />
      </div>
      <Line text={t().unsent.elsewhere} isProblem>
        <Action label={t().unsent.keepMine} run={() => actions.overwrite(entry)} />
        <Action label={t().unsent.useTheirs} run={() => actions.takeTheirs(entry)} />
      </Line>
    </div>
  );
}

function textOf({ problem }: Entry): string {
  const { fields = {}, message = "" } = problem ?? {};
  return fields.title ?? fields.description ?? message;
}

function Line({
  text,
  isProblem,
  children,
}: {
  text: string;
  isProblem: boolean;
  children: React.ReactNode;
}) {
  return (
    <div
      role="status"
      className={`flex flex-wrap items-center gap-x-2 px-3 pb-2 text-sm ${isProblem ? "text-danger" : "text-muted"}`}
    >
      <span className="min-w-0 wrap-anywhere">{text}</span>
      <span className="-mx-3 flex flex-wrap">{children}</span>
    </div>
  );
}

function Action({ label, run }: { label: string; run(): void }) {
  return (
    <button
      type="button"
      className="min-h-11 rounded-xl px-3 font-semibold text-accent hover:bg-sunken"
      onClick={run}
    >
      {label}
    </button>
  );
}
