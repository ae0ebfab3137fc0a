// Selects the sort order of the list.

import { t } from "../../../lib/i18n";
import { SORTS, type Sort } from "../model/task-view";

export function SortSelect({ sort, onSort }: { sort: Sort; onSort(sort: Sort): void }) {
  return (
    <select
      aria-label={t().tasks.order}
      className="control w-auto"
      value={sort}
      onChange={({ target }) => {
        const chosen = SORTS.find((name) => name === target.value);
        if (chosen) onSort(chosen);
      }}
    >
      {SORTS.map((name) => (
        <option key={name} value={name}>
          {t().tasks.orders[name]}
        </option>
      ))}
    </select>
  );
}
