// The page of one task.

import { useState } from "react";
import { useLocation, useParams } from "react-router";
import { TextLink } from "../../../components/ui/button";
import { Heading } from "../../../components/ui/heading";
import { BackIcon } from "../../../components/ui/icons";
import { ProblemMessage } from "../../../components/ui/problem-message";
import { Skeleton } from "../../../components/ui/skeleton";
import { t } from "../../../lib/i18n";
import { isTemporary, problemOf } from "../../../lib/problem";
import { TaskRefusal } from "../components/task-refusal";
import { cachedTask, useTask } from "../hooks/use-tasks";
import type { Task } from "../model/task";
import { taskOfDraft } from "../model/task-draft";
import { Editing } from "./task-editing";

export function TaskPage() {
  const { id = "" } = useParams();
  const { state } = useLocation();
  const from = (state as { from?: string } | null)?.from ?? "";
  return (
    <div className="grid gap-5">
      <p>
        <TextLink
          to={`/tasks${from}`}
          className="inline-flex min-h-11 items-center gap-1 no-underline"
        >
          <BackIcon />
          {t().task.back}
        </TextLink>
      </p>
      <OneTask key={id} id={id} />
    </div>
  );
}

function OneTask({ id }: { id: string }) {
  const { data, error, isPlaceholderData, isFetchedAfterMount, refetch } = useTask(id);
  // The form is initialized once and not updated by refetches, because the user may be typing.
  const [opened, setOpened] = useState<Task>();
  const known = isPlaceholderData ? undefined : data;
  const isRefused = error !== null && !(isTemporary(error) && known);
  // An outdated copy is only editable while the service is unavailable; saving detects conflicts.
  const isCurrent = !isRefused && known && (isFetchedAfterMount || error);
  const problem = isRefused ? problemOf(error) : undefined;
  const isMissing = problem?.status === 404;
  // Unsaved text stays editable while the service is unavailable and after a deletion elsewhere.
  const isLocal = isMissing || (isRefused && isTemporary(error));
  const kept = !opened && isLocal ? taskOfDraft(id) : undefined;
  if (!opened && isCurrent) setOpened(known);
  if (kept) setOpened(isMissing ? kept : (cachedTask(id) ?? kept));
  if (opened) {
    return (
      <>
        {problem && !isMissing && <ProblemMessage problem={problem} />}
        <Editing task={known ?? opened} missing={isMissing ? problem : undefined} />
      </>
    );
  }
  if (isRefused) return <TaskRefusal error={error} retry={() => void refetch()} />;
  return (
    <>
      {data && <Heading>{data.title}</Heading>}
      <Skeleton />
    </>
  );
}
