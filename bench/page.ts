/** What the page costs in Chromium: bytes, first paint, and the main thread's time for a step of a long history. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { pageAssets } from "../cli/view/assets.ts";
import { serve } from "../cli/view/server.ts";
import { answer } from "../jobs/page/answers.ts";
import { FoundHistories } from "../jobs/page/found.ts";
import { launch } from "../web/browser.testing.ts";
import { longHistory } from "../web/long-history.testing.ts";

const STEPS = 200;
const assets = await pageAssets();
const folder = await mkdtemp(join(tmpdir(), "vmapcheck-bench-"));
const file = join(folder, "long.json");
await writeFile(file, longHistory(10_000, 1000));
const { signal } = new AbortController();
const given = { file, found: new FoundHistories() };
const address = "history?target=file";
const replayed = performance.now();
const document = await answer("history", new URLSearchParams({ target: "file" }), given, {});
console.log(`10,000 steps of 1,000 areas: replayed in ${Math.round(performance.now() - replayed)} ms`);
// As the verb does: what the page asks for first is there when its address is printed.
const served = await serve({ assets, given, port: 0, first: { address, document }, signal });
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });

const bytes = [...assets.values()].reduce((sum, { body }) => sum + gzipSync(body).length, 0);
console.log(`page without data: ${(bytes / 1000).toFixed(1)} kB compressed`);

await page.goto(`${served.url}#/matrix`);
await page.locator("table").waitFor();
const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
console.log(`first paint: ${Math.round(paint ?? Number.NaN)} ms`);

const started = performance.now();
await page.goto(`${served.url}#/${address}`);
await page.locator(".now").waitFor();
console.log(`shown after ${Math.round(performance.now() - started)} ms`);
for (const key of "5000") await page.keyboard.press(key);
console.log(`a step, 72 columns in view: ${(await costOfSteps(page)).toFixed(1)} ms`);
await page.getByRole("button", { name: "All", exact: true }).click();
console.log(`a step, all columns in view: ${(await costOfSteps(page)).toFixed(1)} ms`);

await browser.close();
await served.close();
await rm(folder, { recursive: true });

/** The processor's time that the main thread takes for a step: script, style, layout and painting. */
async function costOfSteps(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "ThreadTime")?.value ?? Number.NaN;
  };
  const before = await busy();
  // As text: the types of a browser are not those of this file.
  await page.evaluate(`(async () => {
    for (let nth = 0; nth < ${STEPS}; nth++) {
      dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  })()`);
  return ((await busy()) - before) * (1000 / STEPS);
}
