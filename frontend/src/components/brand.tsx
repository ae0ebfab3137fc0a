// The logo and name of the product.

import { t } from "../lib/i18n";
import { CheckIcon } from "./ui/icons";

export function Brand({ isNameShown = true }: { isNameShown?: boolean }) {
  return (
    <span className="inline-flex items-center gap-2.5 text-lg font-semibold tracking-tight">
      <span className="grid size-8 place-items-center rounded-[0.6rem] bg-accent text-on-accent">
        <CheckIcon className="size-5" />
      </span>
      <span className={isNameShown ? "" : "sr-only"}>{t().brand}</span>
    </span>
  );
}
