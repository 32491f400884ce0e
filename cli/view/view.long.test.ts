/** `view` as it is typed: it prints an address, serves there, and ends with Ctrl-C. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { elsewhere, env, FROM_SOURCE, vmapcheckFromSource } from "../running.testing.ts";

/** Starts it, and presses Ctrl-C once its address was asked. */
async function viewed(...words: string[]): Promise<{ code: number | null; kind: unknown }> {
  // The page is built from its source.
  const child = spawn(process.execPath, [...FROM_SOURCE, "view", "--json", ...words], {
    cwd: elsewhere,
    env,
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const line = await new Promise<string>((resolve) =>
    child.stdout.once("data", (part) => resolve(String(part))),
  );
  const { url } = JSON.parse(line) as { url: string };
  const { kind } = (await (await fetch(`${url}api/start`)).json()) as { kind: unknown };
  child.kill("SIGINT");
  return { code: await ended, kind };
}

test("view serves until Ctrl-C, which is how it ends as expected", async () => {
  expect(await viewed("C7")).toEqual({ code: 0, kind: "start" });
});

test("view --out writes one file, with nothing to load", async () => {
  const file = join(elsewhere, "c7.html");
  const { code, out } = await vmapcheckFromSource("view", "C7", "--out", file, "--json");
  expect([code, JSON.parse(out).file]).toEqual([0, file]);
  const text = readFileSync(file, "utf8");
  expect(text).not.toMatch(/(src|href)="(?!#|data:)/);
  expect(text).toContain("script-src 'sha256-");
});

test.each([
  ["a word that is neither bug nor file", ["C99"], /there is no bug "C99"/],
  ["a file that is not there", ["./none.json"], /none\.json/],
  ["an output that cannot be written", ["C7", "--out", "/none/x.html"], /--out \/none\/x\.html/],
  [
    "a port with an output",
    ["C7", "--out", "x.html", "--port", "8080"],
    /--port is for the page that is served/,
  ],
])("view refuses %s in a line, and writes nothing", async (_what, words, why) => {
  const { code, out, err } = await vmapcheckFromSource("view", ...words);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(why);
  expect(err.trim().split("\n").length).toBe(1);
  expect(existsSync(join(elsewhere, "x.html"))).toBe(false);
});
