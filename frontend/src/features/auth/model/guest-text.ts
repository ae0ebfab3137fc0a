// The name and the address typed on the pages for guests, kept in memory while the user moves
// between these pages.

import type { Values } from "../../../components/ui/form";

let typed: Values = {};

export const guestText = (): Values => typed;

export function keepGuestText({ name, email }: Values): void {
  typed = { ...typed, ...(name !== undefined && { name }), ...(email !== undefined && { email }) };
}

export function forgetGuestText(): void {
  typed = {};
}
