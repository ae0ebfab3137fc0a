// The language of the web app. Messages are looked up in the current catalog when they are
// rendered.

import { en, type Messages } from "./messages/en";
import { readSetting, writeSetting } from "./setting";

export type Language = "en" | "de";

/** Names of the languages, each in its own language. */
export const LANGUAGES: Record<Language, string> = { en: "English", de: "Deutsch" };

const CATALOGUES: Record<Language, () => Promise<Messages>> = {
  en: async () => en,
  de: async () => (await import("./messages/de")).de,
};

type Listener = () => void;

let current: Language = "en";
let catalogue = en;
const listeners = new Set<Listener>();

/** Returns the messages in the current language. */
export const t = (): Messages => catalogue;

export const language = (): Language => current;

export function watchLanguage(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Returns the chosen language, or else the first of the browser's languages that the web app
 * supports, or else English.
 */
export function preferredLanguage(accepted: readonly string[]): Language {
  const known = (name: string | undefined): name is Language =>
    name !== undefined && Object.hasOwn(LANGUAGES, name);
  return [readSetting("language"), ...accepted.map((tag) => tag.split("-")[0])].find(known) ?? "en";
}

/** Loads and activates a language. If loading fails, nothing changes. */
export async function showLanguage(next: Language): Promise<void> {
  try {
    catalogue = await CATALOGUES[next]();
  } catch {
    return;
  }
  current = next;
  document.documentElement.lang = next;
  for (const listener of listeners) listener();
}

/** Changes the language and stores the choice. */
export async function chooseLanguage(next: Language): Promise<void> {
  writeSetting("language", next);
  await showLanguage(next);
}

/** Formats a time according to the current language. */
export function formatTime(at: Date): string {
  // The region comes from the browser's settings, if they contain the current language.
  const region = navigator.languages.find((tag) => tag.split("-")[0] === current) ?? current;
  return new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short" }).format(at);
}
