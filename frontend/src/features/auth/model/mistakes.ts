// The service's rules for passwords and addresses. Lengths are in UTF-16 code units.

import { t } from "../../../lib/i18n";
import { EMAIL_MAX, PASSWORD_MAX, PASSWORD_MIN } from "../../../lib/limits";

/** Returns what is wrong with a new password, if anything. */
export function passwordMistake(password: string): string | undefined {
  if (password === "") return t().problems.needsNewPassword;
  const { length } = password;
  if (length < PASSWORD_MIN) return t().problems.tooShort(PASSWORD_MIN, length);
  if (length > PASSWORD_MAX) return t().problems.tooLong(PASSWORD_MAX, length);
  return undefined;
}

/** Returns what is wrong with an address, as far as the client can tell. */
export function emailMistake(email: string): string | undefined {
  if (email === "") return t().problems.needsEmail;
  if (email.length > EMAIL_MAX) return t().problems.tooLong(EMAIL_MAX, email.length);
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? undefined : t().problems.badEmail;
}
