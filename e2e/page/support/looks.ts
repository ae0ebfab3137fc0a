// How a page looks: pictures for people, and what a program can see of its accessibility.

import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const THEMES = ["light", "dark"] as const;

const WIDTHS = [
  [360, 740],
  [1440, 900],
] as const;

/**
 * In both themes: takes a picture at each width, where nothing may stick out, and asks axe. A
 * dialog is in the middle of what is in view, so only that is in its picture.
 */
export async function inspect(page: Page, name: string, fullPage = true): Promise<void> {
  for (const colorScheme of THEMES) {
    // Colours that are still on their way to the other theme would be judged as they are.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      const path = `screenshots/${name}-${colorScheme}-${width}.png`;
      await page.screenshot({ path, fullPage });
      const room = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(room, `${name} at ${width} px is wider than the window`).toBeLessThanOrEqual(0);
    }
    // There are no frames, so nothing has to be put together on a page of its own.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    expect(found, `${name} in the ${colorScheme} theme`).toEqual([]);
  }
}
