// Small settings stored in this browser, which are needed before the first render.

/** Returns a setting, or `undefined` if it is not set or storage is unavailable. */
export function readSetting(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a setting. `undefined` deletes it. */
export function writeSetting(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Without storage, the setting lasts until the page is closed.
  }
}
