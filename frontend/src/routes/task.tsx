// The page of one task.

import { useNavigate, useParams } from "react-router";
import { Button, ButtonLink, TextLink } from "../components/button";
import { Heading } from "../components/heading";
import { BackIcon, CloudOffIcon, LockIcon, SearchIcon } from "../components/icons";
import { Skeleton } from "../components/skeleton";
import { State } from "../components/state";
import { TaskEditor } from "../components/task-editor";
import { notices } from "../lib/notices";
import { problemOf } from "../lib/problem";
import type { Task, TaskChange } from "../lib/tasks";
import { removeTask, saveTask, useUpdateTask } from "../lib/use-task-changes";
import { useTask } from "../lib/use-tasks";

export function TaskPage() {
  const { id = "" } = useParams();
  const { data, error, refetch } = useTask(id);
  const change = useUpdateTask();
  const navigate = useNavigate();

  async function save(edit: TaskChange) {
    const problem = await saveTask(id, edit);
    if (!problem) notices.show({ kind: "info", text: "Saved." });
    return problem;
  }

  async function remove(task: Task) {
    removeTask(task);
    await navigate("/tasks");
  }

  return (
    <div className="grid gap-5">
      <p>
        <TextLink to="/tasks" className="inline-flex min-h-11 items-center gap-1 no-underline">
          <BackIcon />
          All tasks
        </TextLink>
      </p>
      {error && <Refusal error={error} retry={() => void refetch()} />}
      {!error && !data && <Skeleton />}
      {!error && data && (
        <TaskEditor
          key={data.id}
          task={data}
          onTick={(completed) => change(id, { completed })}
          onSave={save}
          onRemove={() => void remove(data)}
        />
      )}
    </div>
  );
}

function Refusal({ error, retry }: { error: unknown; retry(): void }) {
  const { status, message } = problemOf(error);
  const back = <ButtonLink to="/tasks">Go to your tasks</ButtonLink>;
  if (status === 403) {
    return (
      <State icon={<LockIcon />} heading={<Heading>This task is not yours</Heading>} action={back}>
        It belongs to somebody else, so you can neither see nor change it. If it should be yours,
        sign in as the one who made it.
      </State>
    );
  }
  if (status === 404) {
    return (
      <State icon={<SearchIcon />} heading={<Heading>There is no such task</Heading>} action={back}>
        It was deleted, or the address is mistyped.
      </State>
    );
  }
  return (
    <State
      icon={<CloudOffIcon />}
      heading={<Heading>This task cannot be shown right now</Heading>}
      action={<Button onClick={retry}>Try again</Button>}
    >
      {message}
    </State>
  );
}
