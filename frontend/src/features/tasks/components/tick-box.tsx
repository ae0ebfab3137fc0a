// The checkbox of a task.

import { CheckIcon } from "../../../components/ui/icons";
import { t } from "../../../lib/i18n";

interface Props {
  label: string;
  isTicked: boolean;
  isDisabled?: boolean;
  onTick(isTicked: boolean): void;
}

export function TickBox({ label, isTicked, isDisabled = false, onTick }: Props) {
  return (
    <span className="relative grid size-10 shrink-0 place-items-center">
      <input
        type="checkbox"
        data-control="tick"
        aria-label={t().row.done(label)}
        checked={isTicked}
        disabled={isDisabled}
        onChange={({ target }) => onTick(target.checked)}
        className="peer absolute inset-0 m-auto size-6 appearance-none rounded-full border-2 border-edge transition-colors checked:border-accent checked:bg-accent hover:border-accent"
      />
      <span className="pointer-events-none text-on-accent opacity-0 peer-checked:opacity-100">
        <CheckIcon className="relative size-4" />
      </span>
    </span>
  );
}
