/** `diff` as it is typed: its output, its file, and its errors of one line. */
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readHistory } from "../adapters/vmap/history-file.ts";
import { diff, diffAll, placesFor } from "../jobs/diff.ts";
import { kernelNamed } from "../jobs/names.ts";
import { UsageError } from "../jobs/usage-error.ts";
import { replayPair } from "../properties/diff/lockstep.ts";
import { COMPARISON } from "../properties/vmap/comparison.ts";
import { differingJson, differingText, pairsJson, tableOfPairs } from "./show/differing.ts";
import { type DiffOptions, diffVerb } from "./verbs/diff.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const elsewhere = mkdtempSync(join(tmpdir(), "vmapcheck-diff-"));
const PLAIN: DiffOptions = { all: false, seed: 1, json: false };
const SMALL = "pages=4,aligns=2";

/** What the verb prints with these words, without colours: a test may run where they are forced. */
async function printed(names: readonly string[], options: Partial<DiffOptions>): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  expect(await diffVerb(names, { ...PLAIN, ...options })).toBe(0);
  return stripVTControlCharacters(log.mock.calls.map(([line]) => line).join("\n"));
}

/** Ctrl-C in this turn of the work. */
function interruptedIn(last: number) {
  const controller = new AbortController();
  let turn = 0;
  const say = () => {
    turn += 1;
    if (turn === last) controller.abort();
  };
  return { signal: controller.signal, say };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("diff", () => {
  test("prints the history, both replies where they differ, and the map of both after it", async () => {
    const out = await printed(["2.6.28", "2.6.39"], { scope: SMALL, kind: "address" });
    expect(out).toMatch(/^2\.6\.28 and 2\.6\.39 differ in 2 commands: address\n/);
    expect(out).toMatch(
      /step 2 of 2: {2}alloc .*\n {2}2\.6\.28 {2}placed at \d+\n {2}2\.6\.39 {2}placed at \d+\n/,
    );
    expect(out.match(/after it, on/g)).toHaveLength(2);
    expect(out).toContain(`explored whole up to there (${SMALL}): no shorter history in this scope`);
  });

  test("names the commits between two releases in either order, and the release that a version resolves to", async () => {
    const scope = "pages=3,aligns=1,windows=1";
    const newer = await printed(["5.15", "6.1"], { scope, seconds: 5 });
    expect(newer).toMatch(/^5\.15 \(= 5\.11\) and 6\.1/);
    expect(newer).toMatch(/^6\.1 has, and 5\.15 has not:\n {2}9f531973dff3 \(5\.16\) [^[]*\[ends\s+A13\]\n/m);
    expect(newer).toMatch(/^ {2}9333fe98d0a6 \(5\.18\) [^[]*\[brings\s+A13\]$/m);
    const older = await printed(["5.17", "5.11"], { scope, seconds: 5 });
    expect(older).toMatch(
      /^5\.17 has, and 5\.11 has not:\n {2}9f531973dff3 [^[]*\[ends\s+A13\]\n {2}bd1a8fb2d43f [^[]*\[ends\s+A14\]\n\n/m,
    );
  });

  test("names no commit if one of the two is no release", async () => {
    const scope = "pages=3,aligns=1,windows=1";
    const out = await printed(["2.6.39", "cache-no-align-test"], { scope, seconds: 5 });
    expect(out).not.toContain("has not:");
  });

  test("reports that two kernels are the same in every history", async () => {
    const out = await printed(["5.2", "5.4"], { scope: "pages=3,aligns=1,windows=1" });
    expect(out).toContain("5.2 and 5.4: the same in every history of this scope");
    expect(out).toContain("pages=3,aligns=1,windows=1: the same in every history of this scope");
  });

  test("writes a history that differs on the two kernels when it is replayed", async () => {
    const path = join(elsewhere, "nodes.json");
    const scope = "pages=4,sizes=1,aligns=1,windows=1,block=4,cpus=2";
    await printed(["6.12", "6.19"], { scope, out: path });
    const { commands, scope: written } = await readHistory(path);
    const last = replayPair(COMPARISON, kernelNamed("6.12"), kernelNamed("6.19"), written, commands).at(-1);
    expect(last?.differs).not.toBe(0);
  });

  test("calls vmap where vmap=1 says so: 5.17 warns of VM_NO_GUARD and lays a guard page, 5.11 obeys", async () => {
    const scope = "pages=6,block=4,vmap=1,aligns=1,windows=1,sizes=1";
    const out = await printed(["5.11", "5.17"], { scope });
    expect(out).toMatch(/^5\.11 and 5\.17 differ in 1 command: warning/);
    expect(out).toMatch(/step 1 of 1: {2}vmap 1 page, VM_NO_GUARD/);
    const address = await printed(["5.11", "5.17"], { scope, kind: "address" });
    expect(address).toMatch(/^5\.11 and 5\.17 differ in 2 commands: address/m);
  });

  test("calls vmap in a usual place if both kernels have blocks", () => {
    const placesOf = (one: string, other: string) =>
      placesFor(COMPARISON, [kernelNamed(one), kernelNamed(other)], undefined).filter(({ name }) =>
        name.includes("vmap=1"),
      );
    expect(placesOf("2.6.27", "2.6.28")).toEqual([]);
    expect(placesOf("5.11", "5.17")).toHaveLength(1);
  });

  test("prints one JSON document", async () => {
    const out = await printed(["2.6.28", "2.6.39"], { scope: SMALL, json: true });
    expect(JSON.parse(out)).toMatchObject({ differ: true, commands: 2, found: "explored" });
  });

  test("that is interrupted says so in its first line, and as JSON", async () => {
    const found = await diff("5.17", "6.1", interruptedIn(1));
    const text = stripVTControlCharacters(differingText(found));
    expect(text).toMatch(/^5\.17 and 6\.1: no difference found so far; interrupted\n/);
    expect(differingJson(found)).toMatchObject({ differ: false, complete: false });
    const late = stripVTControlCharacters(differingText({ ...found, interrupted: false }));
    expect(late).toMatch(/^5\.17 and 6\.1: no difference found so far; ended by --seconds\n/);
  });

  test("that is interrupted after a difference was found shows it", async () => {
    const scope = "pages=6,block=4,vmap=1,aligns=1,windows=1,sizes=1";
    const found = await diff("5.11", "5.17", { scope, ...interruptedIn(1) });
    const text = stripVTControlCharacters(differingText(found));
    expect(text).toMatch(/^5\.11 and 5\.17 differ in 1 command: warning.*; interrupted\n/);
    expect(differingJson(found)).toMatchObject({ differ: true, commands: 1, complete: false });
  });

  test("of all that is interrupted says after how many pairs of how many", async () => {
    const controller = new AbortController();
    const say = (text: string) => {
      // The second pair, of which no difference is known by then.
      if (!text.startsWith("2.6.27 and 2.6.28:")) controller.abort();
    };
    const found = await diffAll({ states: 3000, signal: controller.signal, say });
    expect(found.of).toBeGreaterThan(30);
    expect(found).toMatchObject({ interrupted: true, pairs: [{ names: ["2.6.27", "2.6.28"] }] });
    const [line] = stripVTControlCharacters(tableOfPairs(found)).split("\n");
    const says = `1 of 1 releases differ from the one before so far; interrupted after 1 of ${found.of} pairs, `;
    expect(line?.startsWith(says)).toBe(true);
    expect(pairsJson(found)).toMatchObject({ pairs: { length: 1 }, of: found.of, complete: false });
  });

  test("of all that is interrupted before the first pair has no table", async () => {
    const found = await diffAll({ signal: AbortSignal.abort() });
    const line = `0 of 0 releases differ from the one before so far; interrupted after 0 of ${found.of} pairs, 0 s`;
    expect(tableOfPairs(found)).toBe(line);
  });

  test("that is whole says nothing of an end", async () => {
    const found = await diff("5.2", "5.4", { scope: "pages=3,aligns=1,windows=1" });
    expect(differingText(found)).not.toMatch(/so far|interrupted|ended by/);
    expect(differingJson(found)).toMatchObject({ differ: false, complete: true });
  });

  test.each([
    [["2.6.28"], {}, "diff takes two kernels, or --all"],
    [
      ["2.6.28", "2.6.93"],
      {},
      'there is no kernel "2.6.93": no such release was made, the last 2.6 is 2.6.39',
    ],
    [["2.6.28"], { all: true }, "diff --all takes no kernels"],
    [[], { all: true, out: "x.json" }, "--out is for one pair"],
    [["5.2", "5.4"], { scope: "pages=2" }, "--scope: pages (pages in the space) is from 3 to 40, not 2"],
    [["5.2", "5.4"], { kind: "adress" }, 'there is no kind of difference "adress"; did you mean address?'],
    [
      ["5.2", "5.4"],
      { scope: "cpus=2" },
      "--scope cpus=2: more than one CPU makes no difference without blocks or pools",
    ],
  ])("refuses %j %j", async (names, options, says) => {
    await expect(diffVerb(names, { ...PLAIN, ...options })).rejects.toThrow(new UsageError(says));
  });

  test("ends with 2 and one line for bad usage", async () => {
    const tsx = pathToFileURL(join(ROOT, "node_modules/tsx/dist/esm/index.mjs")).href;
    const node = ["--import", tsx, join(ROOT, "cli/main.ts"), "diff", "2.6.28"];
    const ended = await new Promise((done) => {
      execFile(process.execPath, node, (error, out, err) => done({ code: error?.code, out, err }));
    });
    expect(ended).toEqual({ code: 2, out: "", err: "vmapcheck: diff takes two kernels, or --all\n" });
  });
});
