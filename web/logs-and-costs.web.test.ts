/** The page of a log, and that of costs, in a real browser: npm run test:web. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pageAssets } from "../cli/view/assets.ts";
import { type Served, serve } from "../cli/view/server.ts";
import { violatingLog } from "../jobs/logs/long-log.testing.ts";
import { FoundHistories } from "../jobs/page/found.ts";
import { launch, type Opened, open, unreachable } from "./browser.testing.ts";

const EVENTS = 50_000;
const OVERLAPS = 5;

let browser: Browser;
let served: Served;
let folder: string;

beforeAll(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), "vmapcheck-log-"));
  const file = join(folder, "kernel.trace.txt");
  await writeFile(file, violatingLog(EVENTS, OVERLAPS));
  const given = { file, found: new FoundHistories() };
  served = await serve({ assets: await pageAssets(), given, port: 0, signal: new AbortController().signal });
});
afterAll(async () => {
  await served?.close();
  await browser?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const LOOKS = [
  ["light", { dark: false, width: 1280 }],
  ["dark", { dark: true, width: 1280 }],
  ["narrow", { dark: false, width: 360 }],
] as const;

const at = (address: string, options = {}): Promise<Opened> =>
  open(browser, `${served.url}#/${address}`, options);

/** Nothing went wrong in it, axe finds nothing serious, and it is not wider than its window. */
async function isFit({ page, wrong }: Opened, width: number): Promise<void> {
  expect(await unreachable(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  await page.close();
  expect(wrong).toEqual([]);
}

const chosen = (page: Page) => page.getByRole("combobox", { name: /^Violation/ });

describe(`a log of ${EVENTS} events`, () => {
  test.each(LOOKS)("is shown in a %s window, with a pin for each violation", async (_name, options) => {
    const opened = await at("log", options);
    const { page } = opened;
    await page.locator(".verdict").getByText(`${OVERLAPS} violations`).waitFor();
    expect(await page.getByText(`${EVENTS} events`).count()).toBe(1);
    expect(await page.locator(".pin").count()).toBe(OVERLAPS);
    await isFit(opened, options.width);
  });

  test("has a time line of lazy pages under the limit, and the areas of the violation that is chosen", async () => {
    const opened = await at("log");
    const { page } = opened;
    await page.getByRole("img", { name: /^lazy pages over time: at most 8,\d+ of 8,192/ }).waitFor();
    expect(await page.locator(".line-row .limit").count()).toBe(1);
    await chosen(page).selectOption({ index: OVERLAPS - 1 });
    await page.getByRole("heading", { name: /^no-overlap is violated at line / }).waitFor();
    expect(await page.locator(".map .mark").count()).toBeGreaterThan(0);
    const fragmentation = page.getByRole("table", { name: /fragmented/ });
    expect(await fragmentation.locator("tbody tr").count()).toBe(1);
    await isFit(opened, 1280);
  });

  test("is stepped through from violation to violation by its pins", async () => {
    const opened = await at("log");
    const { page } = opened;
    await page.locator(".pin").nth(2).click();
    expect(await chosen(page).inputValue()).toBe("2");
    expect(await page.locator(".pin.chosen").count()).toBe(1);
    await isFit(opened, 1280);
  });
});

describe("costs", () => {
  test.each(LOOKS)("are shown in a %s window, as a table and a plot", async (_name, options) => {
    const opened = await at("costs", options);
    const { page } = opened;
    const rows = page.getByRole("table", { name: /^A map, touch and unmap of 4 pages/ }).locator("tbody tr");
    await rows.first().waitFor();
    expect(await rows.locator("th").allInnerTexts()).toEqual(["1", "2", "4", "8"]);
    const plot = page.locator("img.plot");
    await plot.waitFor();
    expect(
      await plot.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth)),
    ).toBeGreaterThan(0);
    await isFit(opened, options.width);
  });

  test("are simulated anew for another part, and the address says which", async () => {
    const opened = await at("costs");
    const { page } = opened;
    await page.getByLabel("Part").selectOption("gather");
    await page.getByRole("table", { name: /^munmap of 40 MiB/ }).waitFor();
    expect(page.url()).toContain("part=gather");
    await isFit(opened, 1280);
  });
});
