// Which tasks to show: links, so that each choice has an address.

import { Link } from "react-router";
import type { Filter } from "../lib/tasks";

const FILTERS: [Filter, string][] = [
  ["all", "All"],
  ["open", "Open"],
  ["done", "Done"],
];

export function Filters({ current }: { current: Filter }) {
  return (
    <nav aria-label="Filter" className="inline-flex rounded-2xl bg-sunken p-1">
      {FILTERS.map(([filter, label]) => (
        <Link
          key={filter}
          to={filter === "all" ? "/tasks" : `/tasks?show=${filter}`}
          replace
          aria-current={filter === current ? "page" : undefined}
          className={`inline-flex min-h-10 items-center rounded-xl px-4 text-sm font-medium ${
            filter === current ? "bg-raised text-ink shadow-sm" : "text-muted hover:text-ink"
          }`}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
