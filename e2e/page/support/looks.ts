// Screenshots for visual review, and automated accessibility checks.

import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const THEMES = ["light", "dark"] as const;

const WIDTHS = [
  [360, 740],
  [1440, 900],
] as const;

/**
 * Takes a screenshot in both themes at each width, checks that the page is not wider than the
 * window, and runs axe in each theme. Set `fullPage` to false for a dialog, which covers only the
 * viewport.
 */
export async function inspect(page: Page, name: string, fullPage = true): Promise<void> {
  for (const colorScheme of THEMES) {
    // During a transition between themes, axe would check intermediate colors.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      const path = `screenshots/${name}-${colorScheme}-${width}.png`;
      await page.screenshot({ path, fullPage });
      const room = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(room, `${name} at ${width} px is wider than the window`).toBeLessThanOrEqual(0);
    }
    // The pages have no frames, so the legacy mode, which opens no extra page, is sufficient.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    expect(found, `${name} in the ${colorScheme} theme`).toEqual([]);
  }
}
