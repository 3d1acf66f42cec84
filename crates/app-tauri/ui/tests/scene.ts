// Opens the page with invented people at one fixed moment, and fails on anything it complains of.
import { expect, type Page } from "@playwright/test";

/** 09:42:09 on 14 May 2026 in Japan. */
export const NOW = new Date("2026-05-14T09:42:09+09:00");

export async function open(page: Page, query: string): Promise<string[]> {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.clock.setFixedTime(NOW);
  await page.goto(`/mock.html?${query}`);
  await expect(page.locator("#root > *").first()).toBeVisible();
  // All of them, so that none comes in while something is looked at or measured.
  const fonts = await page.evaluate(async () => {
    await Promise.all([...document.fonts].map((font) => font.load()));
    return [...document.fonts].filter((font) => font.status === "loaded").length;
  });
  expect(fonts).toBe(10);
  return complaints;
}
