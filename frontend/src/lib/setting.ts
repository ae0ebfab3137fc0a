// Small settings stored in this browser, which are needed before the first render.

/** Returns a setting, if storage is readable. */
export function readSetting(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a setting, or deletes it if `undefined`. */
export function writeSetting(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Without storage, the setting lasts until the page is closed.
  }
}
