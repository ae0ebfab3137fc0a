// User preferences stored in this browser: the theme, and whether single-key shortcuts are on.

import { readSetting, writeSetting } from "../../../lib/setting";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export interface Preferences {
  theme: Theme;
  hasShortcuts: boolean;
}

type Listener = () => void;

class PreferenceStore {
  #preferences: Preferences = {
    theme: THEMES.find((name) => name === readSetting("theme")) ?? "system",
    hasShortcuts: readSetting("shortcuts") !== "off",
  };
  readonly #listeners = new Set<Listener>();

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly get = (): Preferences => this.#preferences;

  setTheme(theme: Theme): void {
    writeSetting("theme", theme === "system" ? undefined : theme);
    // `theme.js` does the same before the first paint.
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    this.#set({ ...this.#preferences, theme });
  }

  setShortcuts(hasShortcuts: boolean): void {
    writeSetting("shortcuts", hasShortcuts ? undefined : "off");
    this.#set({ ...this.#preferences, hasShortcuts });
  }

  #set(preferences: Preferences): void {
    this.#preferences = preferences;
    for (const listener of this.#listeners) listener();
  }
}

export const preferences = new PreferenceStore();
