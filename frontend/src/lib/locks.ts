// Locks that all tabs of this browser share.

/**
 * Returns the browser's lock manager, if it is available. Reading `navigator.locks` throws an error
 * if the browser denies the site storage.
 */
export function lockManager(): LockManager | undefined {
  try {
    return navigator.locks;
  } catch {
    return undefined;
  }
}
