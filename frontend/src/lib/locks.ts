// Locks that all tabs of this browser share.

/**
 * Returns the locks of the browser, if they are available. Reading `navigator.locks` throws if the
 * site may not use storage.
 */
export function lockManager(): LockManager | undefined {
  try {
    return navigator.locks;
  } catch {
    return undefined;
  }
}
