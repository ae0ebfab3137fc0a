// The filters of the list. They are links, so that each choice has a URL.

import { Link } from "react-router";
import { t } from "../../../lib/i18n";
import type { Filter } from "../model/task";
import { queryOf, type View } from "../model/task-view";

const FILTERS: readonly Filter[] = ["all", "open", "done"];

export function Filters({ view }: { view: View }) {
  return (
    <nav
      aria-label={t().tasks.filter}
      className="inline-flex rounded-2xl print:hidden bg-sunken p-1"
    >
      {FILTERS.map((filter) => (
        <Link
          key={filter}
          to={`/tasks${queryOf({ ...view, filter })}`}
          aria-current={filter === view.filter ? "page" : undefined}
          className={`inline-flex min-h-10 items-center rounded-xl px-4 text-sm font-medium forced-colors:aria-[current=page]:outline-2 ${
            filter === view.filter ? "bg-raised text-ink shadow-sm" : "text-muted hover:text-ink"
          }`}
        >
          {t().tasks.filters[filter]}
        </Link>
      ))}
    </nav>
  );
}
