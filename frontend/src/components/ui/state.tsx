// An empty state: explains why there is nothing to show, and may offer an action.

import type { ReactNode } from "react";

interface Props {
  icon?: ReactNode;
  heading: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}

export function State({ icon, heading, children, action }: Props) {
  return (
    <div className="flex flex-col items-center gap-3 px-6 py-14 text-center">
      {icon && (
        <div className="mb-1 grid size-16 place-items-center rounded-full bg-tint text-accent">
          {icon}
        </div>
      )}
      {typeof heading === "string" ? (
        <p className="text-lg font-semibold text-balance">{heading}</p>
      ) : (
        heading
      )}
      {children && <div className="max-w-sm text-muted text-balance">{children}</div>}
      {action && <div className="mt-3 flex flex-wrap justify-center gap-3">{action}</div>}
    </div>
  );
}
