// Links to the tasks with unsaved text, which is otherwise only visible once a task is opened.

import { useLocation } from "react-router";
import { TextLink } from "../../../components/ui/button";
import { t } from "../../../lib/i18n";

/** Renders a link to each task, given as its id and title. */
export function UnsavedTasks({ tasks }: { tasks: [string, string][] }) {
  const { search } = useLocation();
  return tasks.map(([id, title]) => (
    <p key={id} className="rounded-xl bg-tint px-4 py-3 wrap-anywhere print:hidden">
      {t().tasks.unsaved(title)}{" "}
      <TextLink to={`/tasks/${id}`} state={{ from: search }}>
        {t().tasks.continue}
        <span className="sr-only"> {title}</span>
      </TextLink>
    </p>
  ));
}
