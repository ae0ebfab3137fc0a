// Shown instead of a task that is missing, belongs to another user or cannot be loaded.

import { Button, ButtonLink } from "../../../components/ui/button";
import { Heading } from "../../../components/ui/heading";
import { CloudOffIcon, LockIcon, SearchIcon } from "../../../components/ui/icons";
import { State } from "../../../components/ui/state";
import { t } from "../../../lib/i18n";
import { problemOf } from "../../../lib/problem";

export function TaskRefusal({ error, retry }: { error: unknown; retry(): void }) {
  const { status, message } = problemOf(error);
  const back = <ButtonLink to="/tasks">{t().task.toTasks}</ButtonLink>;
  if (status === 403) {
    return (
      <State
        icon={<LockIcon />}
        heading={<Heading>{t().task.foreignHeading}</Heading>}
        action={back}
      >
        {t().task.foreignText}
      </State>
    );
  }
  if (status === 404) {
    return (
      <State
        icon={<SearchIcon />}
        heading={<Heading>{t().task.missingHeading}</Heading>}
        action={back}
      >
        {t().task.missingText}
      </State>
    );
  }
  return (
    <State
      icon={<CloudOffIcon />}
      heading={<Heading>{t().task.failedHeading}</Heading>}
      action={<Button onClick={retry}>{t().tryAgain}</Button>}
    >
      {message}
    </State>
  );
}
