// The name and the address typed on the pages for guests, kept in this tab while the user moves
// between these pages or reloads them. Passwords are not kept.

import { readSetting, writeSetting } from "../../../lib/setting";

type GuestText = Record<string, string | undefined>;

const NAME = "guest";

let typed: GuestText | undefined;

export function guestText(): GuestText {
  typed ??= JSON.parse(readSetting(NAME, "tab") ?? "{}") as GuestText;
  return typed;
}

export function keepGuestText({ name, email }: GuestText): void {
  const { name: oldName, email: oldEmail } = guestText();
  typed = { name: name ?? oldName, email: email ?? oldEmail };
  writeSetting(NAME, JSON.stringify(typed), "tab");
}

export function forgetGuestText(): void {
  typed = {};
  writeSetting(NAME, "{}", "tab");
}
