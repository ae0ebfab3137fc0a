// The product's mark and name.

import { CheckIcon } from "./icons";

export function Brand({ isNameShown = true }: { isNameShown?: boolean }) {
  return (
    <span className="inline-flex items-center gap-2.5 text-lg font-semibold tracking-tight">
      <span className="grid size-8 place-items-center rounded-[0.6rem] bg-accent text-on-accent">
        <CheckIcon className="size-5" />
      </span>
      <span className={isNameShown ? "" : "sr-only"}>Tasks</span>
    </span>
  );
}
