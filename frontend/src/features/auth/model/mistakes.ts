// The service's rules for names, passwords and addresses. The lengths of passwords and addresses are
// in UTF-16 code units.

import { t } from "../../../lib/i18n";
import { EMAIL_MAX, NAME_MAX, PASSWORD_MAX, PASSWORD_MIN } from "../../../lib/limits";

/** Returns the error message for a name, or `undefined` if the name is valid. */
export function nameMistake(name: string, whenEmpty: string): string | undefined {
  const { length } = [...name.trim()];
  if (length === 0) return whenEmpty;
  return length > NAME_MAX ? t().task.tooLong(NAME_MAX, length) : undefined;
}

/** Returns the error message for a new password, or `undefined` if the password is valid. */
export function passwordMistake(password: string): string | undefined {
  if (password === "") return t().problems.needsNewPassword;
  const { length } = password;
  if (length < PASSWORD_MIN) return t().problems.tooShort(PASSWORD_MIN, length);
  if (length > PASSWORD_MAX) return t().problems.tooLong(PASSWORD_MAX, length);
  return undefined;
}

/**
 * Returns the error message for an address, or `undefined` if it looks valid. The service may still
 * reject it.
 */
export function emailMistake(email: string): string | undefined {
  if (email === "") return t().problems.needsEmail;
  if (email.length > EMAIL_MAX) return t().problems.tooLong(EMAIL_MAX, email.length);
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? undefined : t().problems.badEmail;
}
