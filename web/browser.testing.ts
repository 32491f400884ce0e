/** A browser for tests: each page notes what it logs and what it asks for. */
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { chromiumPath } from "./chromium.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export interface Opened {
  readonly page: Page;
  /** What went wrong in it: errors that were logged or thrown, and requests to anywhere but its own server. */
  readonly wrong: string[];
}

export async function launch(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error("there is no Chromium: apt-get install chromium");
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

interface OpenOptions {
  readonly width?: number;
  readonly dark?: boolean;
}

export async function open(
  browser: Browser,
  url: string,
  { width = 1280, dark = false }: OpenOptions = {},
): Promise<Opened> {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  // The test's own limit ends a page that hangs: a verdict does not depend on how fast this machine is.
  page.setDefaultTimeout(0);
  const wrong: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`thrown: ${error.message}`));
  page.on("request", (request) => {
    const asked = new URL(request.url());
    const isOwn = asked.origin === new URL(url).origin || ["data:", "blob:"].includes(asked.protocol);
    if (!isOwn) wrong.push(`asked for ${asked.href}`);
  });
  await page.goto(url);
  return { page, wrong };
}

/** The serious findings of axe-core, a line each. */
export async function unreachable(page: Page): Promise<readonly string[]> {
  // The page's policy forbids scripts that are added; a debugger's evaluation is none.
  const { readFileSync } = await import("node:fs");
  await page.evaluate(readFileSync(AXE, "utf8"));
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, impact, nodes }) => ({ id, impact, first: nodes[0]?.html ?? "" }));
  });
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, impact, first }) => `${impact}: ${id}: ${first.slice(0, 200)}`);
}
