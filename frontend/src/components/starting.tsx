// Shown until the code of the first page is loaded; a copy of the markup in `index.html`.

import { t } from "../lib/i18n";
import { Brand } from "./brand";

export function Starting() {
  return (
    <main className="mx-auto max-w-3xl px-4">
      <div className="flex h-16 items-center">
        <Brand />
      </div>
      <p role="status" className="pt-8 text-muted">
        {t().loading}
      </p>
    </main>
  );
}
