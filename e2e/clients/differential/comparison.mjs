// Compares two responses and checks the differences against the allowed ones.

export class Comparison {
  #exchanges = 0;
  #allowed = 0;
  #notAllowed = 0;
  #entries;

  /** `allowed` is the table in allowed-differences.mjs. */
  constructor(allowed) {
    this.#entries = allowed.flatMap(({ exchanges = [undefined], at, when = () => true }) =>
      exchanges.flatMap((exchange) =>
        [at].flat().map((place) => ({ exchange, place, when, uses: 0 })),
      ),
    );
  }

  add(exchange, theirs, ours) {
    this.#exchanges += 1;
    const found = differences(theirs, ours).filter((found) => !this.#allows(exchange, found));
    if (found.length === 0) return;
    this.#notAllowed += found.length;
    console.log(`\n${exchange}`);
    for (const { at, theirs, ours } of found) {
      console.log(`  ${at}\n    theirs: ${JSON.stringify(theirs)}\n    ours:   ${JSON.stringify(ours)}`);
    }
  }

  #allows(exchange, { at, theirs, ours }) {
    const entries = this.#entries.filter(
      (entry) =>
        (entry.exchange === undefined || entry.exchange === exchange) &&
        isWithin(at, entry.place) &&
        entry.when(theirs, ours),
    );
    for (const entry of entries) entry.uses += 1;
    if (entries.length > 0) this.#allowed += 1;
    return entries.length > 0;
  }

  /** Prints the totals. Returns whether all differences are allowed and all entries are used. */
  report() {
    const unused = this.#entries.filter(({ uses }) => uses === 0);
    for (const { exchange = "every exchange", place } of unused) {
      console.log(`\nallowed, but there is no such difference: ${place} of "${exchange}"`);
    }
    console.log(
      `\n${this.#exchanges} exchanges, ${this.#allowed} differences allowed, ${this.#notAllowed} not allowed`,
    );
    return unused.length + this.#notAllowed === 0;
  }
}

/** Returns whether `path` is `place` or below it. */
function isWithin(path, place) {
  const members = path.split(".");
  return place.split(".").every((part, index) => part === members[index]);
}

/**
 * Returns the differences as `[{ at, theirs, ours }]`, where `at` is a path such as `status`,
 * `headers.location` or `body.user.id`.
 */
function differences(theirs, ours, at = "") {
  if (isComparable(theirs, ours)) {
    const members = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
    return [...members].sort().flatMap((member) =>
      differences(theirs[member], ours[member], at ? `${at}.${member}` : member),
    );
  }
  return JSON.stringify(theirs) === JSON.stringify(ours) ? [] : [{ at, theirs, ours }];
}

/**
 * Returns whether two values are compared field by field (objects) or item by item (arrays of the
 * same length).
 */
function isComparable(theirs, ours) {
  if ([theirs, ours].some((value) => value === null || typeof value !== "object")) return false;
  if (Array.isArray(theirs) !== Array.isArray(ours)) return false;
  return !Array.isArray(theirs) || theirs.length === ours.length;
}
