// Tells the user that a form has unsaved text from an earlier visit, and offers to discard it.

import { t } from "../../lib/i18n";

export function Restored({ onDiscard }: { onDiscard(): void }) {
  return (
    <p role="status" className="rounded-xl bg-tint px-4 py-3">
      {t().restored.text}{" "}
      <button type="button" className="font-semibold text-accent underline" onClick={onDiscard}>
        {t().restored.discard}
      </button>
    </p>
  );
}
