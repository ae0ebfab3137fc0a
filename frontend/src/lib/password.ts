// The rules for passwords, those of the server: 8 to 128 UTF-16 units.

export const PASSWORD_RULE = "At least 8 characters. A few unrelated words work well.";

const MIN = 8;
const MAX = 128;

/** What is wrong with a new password, if anything. */
export function passwordMistake(password: string): string | undefined {
  if (password === "") return "Choose a password.";
  if (password.length < MIN) return `Use at least ${MIN} characters; these are ${password.length}.`;
  if (password.length > MAX) return `Use at most ${MAX} characters; these are ${password.length}.`;
  return undefined;
}

/** What is wrong with an address, in so far as that can be seen from here. */
export function emailMistake(email: string): string | undefined {
  if (email === "") return "Enter your e-mail address.";
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)
    ? undefined
    : "This is not a complete e-mail address.";
}
