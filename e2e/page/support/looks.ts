// How a page looks: pictures for people, and what a program can see of its accessibility.

import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

export const THEMES = ["light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const WIDTHS = [
  [360, 740],
  [1440, 900],
] as const;

/** Takes a picture at each width, where nothing may stick out, and asks axe. */
export async function inspect(page: Page, name: string, theme: Theme): Promise<void> {
  for (const [width, height] of WIDTHS) {
    await page.setViewportSize({ width, height });
    const path = `screenshots/${name}-${theme}-${width}.png`;
    await page.screenshot({ path, animations: "disabled", fullPage: !name.includes("delete") });
    const room = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(room, `${name} at ${width} px is wider than the window`).toBeLessThanOrEqual(0);
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
  expect(found, `${name} in the ${theme} theme`).toEqual([]);
}
