// A placeholder, in the shape of a list, for content that is loading.

import { t } from "../../lib/i18n";

const WIDTHS = ["w-3/5", "w-4/5", "w-2/5", "w-1/2", "w-2/3"];

export function Skeleton() {
  return (
    <div role="status" className="rounded-3xl border border-line bg-surface shadow-card">
      <span className="sr-only">{t().loading}</span>
      {WIDTHS.map((width) => (
        <div
          key={width}
          className="flex h-14 animate-pulse items-center gap-4 border-b border-line px-5 last:border-0"
        >
          <span className="size-5 rounded-full bg-sunken" />
          <span className={`h-3.5 rounded-full bg-sunken ${width}`} />
        </div>
      ))}
    </div>
  );
}
