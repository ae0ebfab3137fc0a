// A banner shown while the task service is unreachable.

import { useSyncExternalStore } from "react";
import { connection } from "../lib/connection";
import { t } from "../lib/i18n";

export function useIsReachable(): boolean {
  return useSyncExternalStore(connection.subscribe, connection.isReachable);
}

export function OfflineBar() {
  const isReachable = useIsReachable();
  return (
    <div role="status">
      {!isReachable && (
        <p className="bg-ink px-4 py-2 text-center text-sm font-medium text-canvas">
          {t().unreachable.tasksBar}
        </p>
      )}
    </div>
  );
}
