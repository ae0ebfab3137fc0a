// Checks of the shape of JSON that comes from outside. A proxy may answer for a service, with a
// body that the web app cannot use.

export type Check = (value: unknown) => boolean;

export const isString = (value: unknown): value is string => typeof value === "string";

export const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";

/** Returns whether a value is a time that `Date` can parse. */
export const isTime = (value: unknown): value is string =>
  isString(value) && !Number.isNaN(Date.parse(value));

/** Returns a check that accepts `null` and `undefined` as well. */
export const optional =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined || check(value);

/** Returns a check for an object with valid `fields`. It may have other fields. */
export const objectOf =
  (fields: Record<string, Check>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(fields).every(([name, check]) =>
      check((value as Record<string, unknown>)[name]),
    );

export const arrayOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
