// Settings for the appearance and behavior of the web app in this browser.

import { Card } from "../../../components/ui/card";
import { chooseLanguage, LANGUAGES, type Language, language, t } from "../../../lib/i18n";
import { usePreferences } from "../hooks/use-preferences";
import { preferences, THEMES } from "../model/preferences";

const NAMES = Object.entries(LANGUAGES) as [Language, string][];

export function Appearance() {
  const { theme, hasShortcuts } = usePreferences();
  return (
    <Card heading={t().settings.appearance} intro={t().settings.appearanceIntro}>
      <fieldset className="flex flex-wrap gap-x-6">
        <legend className="font-medium">{t().settings.theme}</legend>
        {THEMES.map((name) => (
          <label key={name} className="flex min-h-11 items-center gap-3">
            <input
              type="radio"
              name="theme"
              className="size-5 shrink-0 accent-accent"
              checked={theme === name}
              onChange={() => preferences.setTheme(name)}
            />
            {t().settings.themes[name]}
          </label>
        ))}
      </fieldset>
      <label className="flex flex-col gap-1.5">
        <span className="font-medium">{t().settings.language}</span>
        <select
          className="control w-auto self-start"
          value={language()}
          onChange={({ target }) => {
            const chosen = NAMES.find(([name]) => name === target.value)?.[0];
            if (chosen) void chooseLanguage(chosen);
          }}
        >
          {NAMES.map(([name, own]) => (
            <option key={name} value={name} lang={name}>
              {own}
            </option>
          ))}
        </select>
      </label>
      <label className="flex min-h-11 items-center gap-3">
        <input
          type="checkbox"
          className="size-5 shrink-0 accent-accent"
          checked={hasShortcuts}
          onChange={({ target }) => preferences.setShortcuts(target.checked)}
        />
        {t().settings.shortcuts}
      </label>
    </Card>
  );
}
