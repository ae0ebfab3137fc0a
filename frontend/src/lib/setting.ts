// Small settings stored in this browser, which are needed before the first render, and values of this
// tab, which survive a reload.

type Scope = "browser" | "tab";

const storageOf = (scope: Scope) => (scope === "tab" ? sessionStorage : localStorage);

/** Returns a setting, or `undefined` if it is not set or storage is unavailable. */
export function readSetting(name: string, scope: Scope = "browser"): string | undefined {
  try {
    return storageOf(scope).getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a setting. `undefined` deletes it. */
export function writeSetting(
  name: string,
  value: string | undefined,
  scope: Scope = "browser",
): void {
  try {
    const storage = storageOf(scope);
    if (value === undefined) storage.removeItem(name);
    else storage.setItem(name, value);
  } catch {
    // Without storage, the setting lasts until the page is closed.
  }
}
