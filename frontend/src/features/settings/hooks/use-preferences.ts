// The preferences of this browser, for components.

import { useSyncExternalStore } from "react";
import { type Preferences, preferences } from "../model/preferences";

export function usePreferences(): Preferences {
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}
