/** The page in a real browser: npm run test:web. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Asset, pageAssets } from "../cli/view/assets.ts";
import { documentsOf, reportText } from "../cli/view/report.ts";
import { type Served, serve } from "../cli/view/server.ts";
import { answer, type Given } from "../jobs/page/answers.ts";
import type { Document } from "../jobs/page/documents.ts";
import { FoundHistories } from "../jobs/page/found.ts";
import { launch, type Opened, open, unreachable } from "./browser.testing.ts";
import { longHistory } from "./long-history.testing.ts";

let browser: Browser;
let assets: ReadonlyMap<string, Asset>;
let served: Served;
let folder: string;
const others: Served[] = [];

const serving = (given: Given) => serve({ assets, given, port: 0, signal: new AbortController().signal });

beforeAll(async () => {
  browser = await launch();
  assets = await pageAssets();
  served = await serving({ found: new FoundHistories() });
  folder = await mkdtemp(join(tmpdir(), "vmapcheck-page-"));
});
afterAll(async () => {
  await Promise.all([served, ...others].map((each) => each?.close()));
  await browser?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** The page of a file that has this name and text. */
async function ofFile(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  const other = await serving({ file, found: new FoundHistories() });
  others.push(other);
  return other.url;
}

const at = (address: string, options = {}): Promise<Opened> =>
  open(browser, `${served.url}#/${address}`, options);

/** Closes a page after it was looked at: nothing went wrong in it. */
async function done({ page, wrong }: Opened): Promise<void> {
  await page.close();
  expect(wrong).toEqual([]);
}

const now = (page: Page) => page.locator(".now").innerText();
/** Digits that are typed together: by their own time stamps, not by the clock of this machine. */
const type = (page: Page, digits: string) =>
  page.evaluate((keys) => {
    for (const [nth, key] of [...keys].entries()) {
      const event = new KeyboardEvent("keydown", { key });
      Object.defineProperty(event, "timeStamp", { value: 1000 + nth });
      dispatchEvent(event);
    }
  }, digits);

const position = (page: Page) => page.locator(".stepper output").innerText();

describe("the matrix", () => {
  test("opens the shortest history from a cell", async () => {
    const opened = await at("matrix");
    const { page } = opened;
    await page
      .getByRole("link", { name: /^A9 in 3: 3\.16, lowest-fit, violated by .* in 3 commands/ })
      .click();
    await page.getByText("3.16 violates lowest-fit in step 3 of 3").waitFor();
    await done(opened);
  });

  test("is filtered by law and by release, and sets two subjects side by side", async () => {
    const opened = await at("matrix");
    const { page } = opened;
    const count = () => page.locator(".count").innerText();
    await page.getByLabel("Law", { exact: true }).fill("lowest-");
    expect(await page.locator("tbody th").allInnerTexts()).toContain("lowest-fit");
    expect(await page.locator("tbody th").allInnerTexts()).not.toContain("aligned");
    await page.getByLabel("Law", { exact: true }).fill("");
    await page.getByLabel("Side by side:").selectOption("3.16");
    await page.getByRole("combobox", { name: /^and/ }).selectOption("6.12");
    expect(await count()).toMatch(/, 2 subjects$/);
    const differs = await page.locator("tr.other th").allInnerTexts();
    expect(differs.some((text) => text.startsWith("no-alias-after-unmap-aliases"))).toBe(true);
    await done(opened);
  });

  test("takes the verdicts of a check", async () => {
    const opened = await at("matrix");
    const { page } = opened;
    await page.getByLabel("Release").fill("2.6.27");
    expect(await page.locator("td.kept").count()).toBe(0);
    await page.getByRole("button", { name: "Check these 1 now" }).click();
    await page.locator("td.kept").first().waitFor();
    expect(await page.locator("td.violated").count()).toBeGreaterThan(0);
    await done(opened);
  });

  test("has the laws of calls that interleave", async () => {
    const opened = await at("matrix");
    const { page } = opened;
    await page.getByLabel("Calls").selectOption("step");
    await page.getByRole("link", { name: /: 6\.12, no-alias-after-unmap-aliases,/ }).click();
    await page.getByText("blocks-6.12 violates no-alias-after-unmap-aliases").waitFor();
    await done(opened);
  });
});

describe("a history", () => {
  test("explains on its last step who still translates what", async () => {
    const opened = await at("history?target=C7");
    const { page } = opened;
    await page.getByText("CPU 0 still translates page 64 to frame 1: its owner").waitFor();
    expect(await page.locator(".mark").count()).toBe(1);
    expect(await page.locator(".map .run.dead").count()).toBeGreaterThan(0);
    await done(opened);
  });

  test("is stepped through by keys alone", async () => {
    const opened = await at("history?target=C7");
    const { page } = opened;
    await page.locator(".now").waitFor();
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
      return position(page);
    };
    expect(await press("Home")).toBe("0 / 5");
    expect(await press("j", "j")).toBe("2 / 5");
    expect(await now(page)).toMatch(/^Step 2: touch 64/);
    expect(await page.locator(".map .run.new").count()).toBe(1);
    expect(await press("k")).toBe("1 / 5");
    expect(await press("End")).toBe("5 / 5");
    expect(await press("3")).toBe("3 / 5");
    expect(await press("ArrowLeft")).toBe("2 / 5");
    await done(opened);
  });

  test("does not take keys that are typed into a field", async () => {
    const opened = await at("matrix");
    await opened.page.getByLabel("Law", { exact: true }).fill("j1k");
    expect(await opened.page.getByLabel("Law", { exact: true }).inputValue()).toBe("j1k");
    await done(opened);
  });

  test("is asked of another kernel in a menu", async () => {
    const opened = await at("history?target=C7");
    const { page } = opened;
    await page.getByLabel("Does it violate on another kernel?").selectOption("6.12");
    await page.getByText(/^Accepted: 6\.12/).waitFor();
    expect(await page.locator(".mark").count()).toBe(0);
    await done(opened);
  });

  test("shows a flush as a sweep, the cache as a marker, and the window that was asked in", async () => {
    const { page, wrong } = await at("history?target=A5");
    await page.locator(".now").waitFor();
    const seen = { sweep: 0, cache: 0, window: 0 };
    for (const bug of ["A5", "A9", "C9"]) {
      await page.goto(`${served.url}#/history?target=${bug}`);
      // The film before stays until the address has changed.
      await page.locator("h1", { hasText: `${bug} ` }).waitFor();
      await page.keyboard.press("Home");
      const last = Number((await position(page)).split(" / ")[1]);
      for (let step = 0; step < last; step++) {
        await page.keyboard.press("j");
        for (const look of ["sweep", "cache", "window"] as const)
          seen[look] += await page.locator(`.map .${look}`).count();
      }
    }
    expect(Object.values(seen).every((count) => count > 0)).toBe(true);
    await done({ page, wrong });
  });

  test("of 10,000 steps is stepped through, and draws no more than is in view", async () => {
    const url = await ofFile("long.json", longHistory(10_000, 1000));
    const opened = await open(browser, url);
    const { page } = opened;
    await page.locator(".now").waitFor();
    expect(await position(page)).toBe("10000 / 10000");
    await type(page, "5000");
    expect(await position(page)).toBe("5000 / 10000");
    for (let nth = 0; nth < 20; nth++) await page.keyboard.press("j");
    expect(await position(page)).toBe("5020 / 10000");
    expect(await page.locator("[aria-current=step]").innerText()).toMatch(/^5020/);
    expect(await page.locator("*").count()).toBeLessThan(3000);
    await page.getByRole("button", { name: "All", exact: true }).click();
    expect(await page.locator("*").count()).toBeLessThan(3000);
    await done(opened);
  });
});

describe("an interleaving", () => {
  test("has a lane for each CPU, bars for the locks, arrows for interrupts, and marks the violation", async () => {
    const opened = await at("run?target=C10");
    const { page } = opened;
    await page.locator(".lanes").waitFor();
    expect(await page.locator(".lane-name").allInnerTexts()).toEqual(
      expect.arrayContaining(["CPU 0", "CPU 1"]),
    );
    expect(await page.locator("rect.bar").count()).toBeGreaterThan(2);
    expect(await page.locator(".box.violating").count()).toBe(1);
    await page.goto(`${served.url}#/run?target=A15`);
    await page.locator("path.arrow").first().waitFor({ state: "attached" });
    await done(opened);
  });

  test("leads to the same bug by calls, and back", async () => {
    const opened = await at("run?target=C7");
    const { page } = opened;
    await page.getByRole("link", { name: "The same bug, by calls one after another" }).click();
    await page.getByRole("link", { name: "The same bug when calls interleave" }).click();
    await page.locator(".lanes").waitFor();
    await page.keyboard.press("Home");
    await page.keyboard.press("j");
    expect(await position(page)).toMatch(/^1 \/ /);
    await done(opened);
  });
});

describe("exploring by hand", () => {
  test("takes an action that violates a law, goes back, and saves the way as a history", async () => {
    const opened = await at("explore?machine=3.1&scope=pages%3D6%2Ctop%3D1");
    const { page } = opened;
    await page.getByLabel("only those that violate a law").check();
    await page.locator(".actions button.violating").first().click();
    await page.getByRole("heading", { name: "The way here" }).waitFor();
    const way = page.getByRole("region", { name: "The way here" }).locator("button");
    await way.first().waitFor();
    expect(await way.first().innerText()).toContain("violates");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: /^Save the path as 3\.1\.json/ }).click();
    expect((await download).suggestedFilename()).toBe("3.1.json");
    await page.getByRole("button", { name: "Mark this state" }).click();
    await page.getByRole("button", { name: "Back" }).click();
    await page.getByRole("button", { name: "To mark 1 (1 actions)" }).click();
    await way.first().waitFor();
    await done(opened);
  });

  test("takes the steps of a protocol by digits", async () => {
    const opened = await at("explore?machine=blocks-6.12");
    const { page } = opened;
    await page.getByText("after 0 actions").waitFor();
    await page.keyboard.press("1");
    await page.getByText("after 1 action.").waitFor();
    await page.keyboard.press("k");
    await page.getByText("after 0 actions").waitFor();
    await done(opened);
  });
});

describe("a file of the command line", () => {
  test("that is a run of a tree's own code has a lane for each CPU, and bars for its locks", async () => {
    const run = new URL("../trees/vmap/runs/vb-final-free-window.json", import.meta.url);
    const opened = await open(browser, await ofFile("run.json", await readFile(run, "utf8")));
    const { page } = opened;
    await page.getByText("By its file this run violates no-alias-after-unmap-aliases in 18 steps").waitFor();
    expect(await page.locator(".lane-name").allInnerTexts()).toEqual(["CPU 0", "CPU 1"]);
    expect(await page.locator("rect.bar").count()).toBeGreaterThan(0);
    expect(await unreachable(page)).toEqual([]);
    await done(opened);
  });

  test("that is a recording is shown trace by trace", async () => {
    const recording = new URL("../adapters/vmap/recordings/2.6.39.jsonl.gz", import.meta.url);
    const lines = gunzipSync(await readFile(recording))
      .toString()
      .split("\n");
    const text = `${lines.slice(0, 2).join("\n")}\n`;
    const opened = await open(browser, await ofFile("two.jsonl", text));
    const { page } = opened;
    await page.getByText("None of the 2 traces of this file violates a law.").waitFor();
    await page.getByLabel("Trace on line").fill("2");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByRole("heading", { name: /two\.jsonl, line 2/ }).waitFor();
    expect(await unreachable(page)).toEqual([]);
    await done(opened);
  });
});

test("The gallery has every bug, and finds one by its words.", async () => {
  const opened = await at("gallery");
  const { page } = opened;
  await page.getByLabel("Find").fill("gleixner blocks");
  const heads = await page.locator(".gallery h2").allInnerTexts();
  expect(heads).toContain("C7 vb-full-block-stale");
  await done(opened);
});

const EACH = [
  "matrix",
  "history?target=C7",
  "history?target=A13",
  "run?target=C10",
  "explore?machine=3.1&scope=pages%3D6%2Ctop%3D1",
  "gallery",
  "explore?machine=gather-4.4&path=0.3",
];

describe.each([
  ["light", { dark: false, width: 1280 }],
  ["dark", { dark: true, width: 1280 }],
  ["narrow", { dark: false, width: 360 }],
])("in a %s window", (_name, options) => {
  test.each(EACH)("%s has nothing serious to axe, and is not wider than the window", async (address) => {
    const opened = await at(address, options);
    const { page } = opened;
    await page.locator("h1").waitFor();
    await page.locator("table, .map, .lanes, .gallery li").first().waitFor();
    expect(await unreachable(page)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(options.width);
    await done(opened);
  });
});

test("Names and texts of a file are shown as text, whatever is in them.", async () => {
  const name = "<img src=x onerror=document.title='taken'>.json";
  const opened = await open(browser, await ofFile(name, longHistory(20, 5)));
  const { page } = opened;
  await page.locator("h1").waitFor();
  expect(await page.locator("h1").innerText()).toContain("<img src=x");
  expect(await page.locator("h1 img").count()).toBe(0);
  expect(await page.title()).toContain("vmapcheck");
  await done(opened);
});

test("A wrong address is said in a line, and breaks nothing.", async () => {
  const { page } = await at("history?target=%3Cscript%3E");
  await page.getByRole("alert").getByText('there is no bug "<script>"').waitFor();
  await page.goto(`${served.url}#/nothing`);
  await page.getByRole("alert").getByText("There is no view").waitFor();
  await page.close();
});

describe("a report", () => {
  test("opens from disk, and has the films of its bug", async () => {
    const file = join(folder, "c7.html");
    await writeFile(
      file,
      reportText(assets, await documentsOf({ bug: "C7", found: new FoundHistories() }, {})),
    );
    const opened = await open(browser, pathToFileURL(file).href);
    const { page } = opened;
    await page.getByText("2.6.37 violates no-alias-after-unmap-aliases").waitFor();
    await page.keyboard.press("Home");
    expect(await position(page)).toBe("0 / 5");
    expect(await unreachable(page)).toEqual([]);
    await done(opened);
  });
});

test.each([
  ["a light", { width: 1280 }],
  ["a dark", { width: 1280, dark: true }],
  ["a narrow", { width: 360 }],
])("A report on a campaign leads to the film of what it found, in %s window.", async (look, options) => {
  const film = await answer(
    "history",
    new URLSearchParams({ target: "C7" }),
    { found: new FoundHistories() },
    {},
  );
  const opens = "history?target=finding-1";
  const finding = { law: "no-alias-after-unmap-aliases", subject: "3.16", bug: "C7", commands: 5, opens };
  const task = {
    id: "check-3.16-with-a-name-that-is-long",
    outcome: "surprise",
    says: "a violation",
    seconds: 1,
  };
  const documents = new Map<string, Document>([
    ["start", { kind: "start", version: "", given: "nightly", opens: "campaign" }],
    [
      "campaign",
      {
        kind: "campaign",
        ...{ name: "nightly", seed: 1, totals: { surprise: 1 }, open: [], histories: 10, states: 20 },
        tasks: [{ ...task, findings: [finding] }],
      },
    ],
    [opens, film],
  ]);
  const file = join(folder, `campaign ${look}.html`);
  await writeFile(file, reportText(assets, documents));
  const opened = await open(browser, pathToFileURL(file).href, options);
  const { page } = opened;
  await page.getByRole("heading", { name: "Campaign nightly" }).waitFor();
  expect(await unreachable(page)).toEqual([]);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(options.width);
  await page.getByRole("link", { name: /no-alias-after-unmap-aliases in 5, by C7/ }).click();
  await page.getByText("violates no-alias-after-unmap-aliases in step 5 of 5").waitFor();
  await done(opened);
});

test("The page, without data, is below 300 kB compressed.", () => {
  const bytes = [...assets.values()].reduce((sum, { body }) => sum + gzipSync(body).length, 0);
  expect(bytes).toBeLessThan(300_000);
});
