// A banner shown while the task service is unreachable.

import { useSyncExternalStore } from "react";
import { connection } from "../lib/connection";
import { t } from "../lib/i18n";

export function useIsReachable(): boolean {
  return useSyncExternalStore(connection.subscribe, connection.isReachable);
}

/** `isVolatile` tells whether unsent changes are lost with this tab. */
export function OfflineBar({ isVolatile }: { isVolatile: boolean }) {
  const isReachable = useIsReachable();
  return (
    <div role="status">
      {!isReachable && (
        <p className="bg-ink px-4 py-2 text-center text-sm font-medium text-canvas">
          {isVolatile ? t().unreachable.tasksBarInTab : t().unreachable.tasksBar}
        </p>
      )}
    </div>
  );
}
