// The current language, for components.

import { useSyncExternalStore } from "react";
import { type Language, language, watchLanguage } from "./i18n";

export function useLanguage(): Language {
  return useSyncExternalStore(watchLanguage, language);
}
