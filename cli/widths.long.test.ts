/** The text output of every verb: within 100 columns, the verdict first. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { INTERLEAVED, interleavedCalled, nameInterleaved } from "../counterexamples/interleavings.ts";
import type { Bug } from "../counterexamples/vmap/bug.ts";
import { BUGS, bugCalled } from "../counterexamples/vmap/index.ts";
import { lawsOf } from "../engine/actions.ts";
import { pinnedFile } from "../jobs/pin/pinned.ts";
import { KERNELS } from "../kernels/vmap/index.ts";
import { STEP_PROTOCOLS } from "../protocols/index.ts";
import { printedBy, ROOT, vmapcheck } from "./running.testing.ts";
import { interleavedSummary, interleavedText } from "./show/interleaved.ts";
import { checkVerb } from "./verbs/check.ts";
import { conformVerb } from "./verbs/conform.ts";
import { diffVerb } from "./verbs/diff.ts";
import { type ExploreArguments, exploreVerb } from "./verbs/explore.ts";
import { huntVerb } from "./verbs/hunt.ts";
import { judgeVerb } from "./verbs/judge.ts";
import { listVerb } from "./verbs/list.ts";
import { pinVerb } from "./verbs/pin.ts";
import { replayVerb } from "./verbs/replay.ts";

const WIDTH = 100;
const RECORDING = join(ROOT, "adapters/vmap/recordings/3.16.jsonl.gz");
const json = false;

/** The lines that are too long. */
const tooLong = (out: string) => out.split("\n").filter((line) => line.length > WIDTH);

const explore = (machine: string, options: Partial<ExploreArguments> = {}) =>
  exploreVerb(machine, {
    liveness: false,
    compact: false,
    actions: false,
    states: 20_000,
    seconds: 60,
    workers: 1,
    json,
    ...options,
  });

/** Some traces of a recording, and the same with a reply changed. */
function shortRecordings(): { readonly sound: string; readonly changed: string } {
  const lines = gunzipSync(readFileSync(RECORDING)).toString().trim().split("\n");
  const [sound, changed] = [join(here, "sound.jsonl"), join(here, "changed.jsonl")];
  writeFileSync(sound, `${lines.slice(0, 40).join("\n")}\n`);
  const trace = JSON.parse(lines.find((line) => line.includes("cache-exact-hole-addr")) as string);
  trace.ops[1][1].addr = "0xffffc90000005000";
  writeFileSync(changed, `${JSON.stringify(trace)}\n`);
  return { sound, changed };
}

const here = mkdtempSync(join(tmpdir(), "vmapcheck-widths-"));
const home = process.cwd();
const { sound, changed } = shortRecordings();
beforeAll(() => process.chdir(here));
afterAll(() => process.chdir(home));

describe("every verb prints its verdict first, and lines of at most 100 columns", () => {
  const check = { seed: 1, runs: 2, details: true, coverage: true, json };
  const diff = { all: false, seed: 1, seconds: 2, json };
  const pinned = pinnedFile(BUGS[0] as Bug, (BUGS[0] as Bug).violations[0] as Bug["violations"][0]);
  const cases: [what: string, verb: () => number | Promise<number>, first: RegExp][] = [
    [
      "check",
      () => checkVerb(["2.6.28", "piggin-draft-3", "4.15.18-ubuntu"], check),
      /^Nothing unexpected: 3 k/,
    ],
    [
      "check of nothing drawn",
      () => checkVerb(["6.12"], { ...check, coverage: false, runs: 0 }),
      /^No random history drawn: 1 k/,
    ],
    ["explore of a kernel", () => explore("3.1", { scope: "pages=4", actions: true }), /^Violated: 3\.1, /],
    [
      "explore to a bound",
      () => explore("3.1", { scope: "pages=4", states: 50 }),
      /^No violation so far: 3\.1, /,
    ],
    ["explore of a shortfall", () => explore("6.1", { law: "lowest-fit" }), /^Falls short: 6\.1, /],
    ["explore of a protocol", () => explore("blocks-6.12"), /^Violated: blocks-6\.12, /],
    [
      "explore --liveness",
      () => explore("areas-4.10", { liveness: true }),
      /^No violation so far: areas-4\.10, 7 laws, /,
    ],
    [
      "diff",
      () => diffVerb(["2.6.28", "2.6.39"], { ...diff, scope: "pages=4,aligns=2" }),
      /^2\.6\.28 and 2\.6\.39 differ in 2 /,
    ],
    ["hunt", () => huntVerb(["A1", "C13"], { seed: 3, json }), /^All found: 2 bugs, /],
    ["judge", () => judgeVerb([sound], { json }), /^Nothing unexpected: 1 recording, 40 traces, /],
    [
      "judge of an unknown violation",
      () => judgeVerb([changed], { json }),
      /^Unknown violations: 1 recording, /,
    ],
    ["conform", () => conformVerb([sound], { json }), /^Conforms: 1 recording, 40 traces, /],
    ["conform of another reply", () => conformVerb([changed], { json }), /^Differs: 1 recording, 1 trace, /],
    ["replay of a trace", () => replayVerb(sound, { json }), /^3\.16 violates \S+ in step /],
    [
      "replay that is accepted",
      () => replayVerb(pinned, { kernel: "5.17", json }),
      /^accepted: 5\.17 keeps every law /,
    ],
    ["pin", () => pinVerb(pinned, { json }), /^\S+ on \S+, in \d+ commands /],
    ["list", () => listVerb(undefined, { json }), /^kernels\n/],
    ["list of a kernel", () => listVerb("5.15", { json }), /^5\.15 answers as 5\.11\.\n/],
    ["list of a version between two", () => listVerb("5.3", { json }), /^5\.3 answers as no release here; /],
    ["check of a version", () => checkVerb(["5.15"], check), /^Nothing unexpected: 1 kernel, 8 protocols, /],
    [
      "check of a version between two",
      () => checkVerb(["5.3"], check),
      /^Nothing unexpected: 2 kernels, 8 protocols, /,
    ],
    ["explore of a version", () => explore("5.15", { scope: "pages=4" }), /^\w[\w ]*: 5\.15 \(= 5\.11\), /],
    [
      "replay of a run that a version cannot take",
      () => replayVerb("C13", { kernel: "5.15", json }),
      /^blocks-5\.13 violates no-alias-after-unmap-aliases in 15 steps: vb-full-block-stale \(C7\)\n/,
    ],
    [
      "replay of a run that a version does not have",
      () => replayVerb("C10", { kernel: "6.9.8", json }),
      /^accepted: 6\.9\.8 keeps nothing-leaks in all /,
    ],
  ];

  test.each(cases)("%s", async (what, verb, first) => {
    const { out } = await printedBy(verb);
    expect(out).toMatch(first);
    const [, second, ...more] = out.split("\n");
    expect(more.length).toBeGreaterThan(1);
    // The verdict is one line by itself; pin and list have none.
    if (!/^(pin|list)\b/.test(what)) expect(second).toBe("");
    expect(tooLong(out)).toEqual([]);
  });

  test.each(BUGS.map((bug) => bug.id))("replay of %s, by each law", async (id) => {
    for (const { law } of (bugCalled(id) as Bug).violations) {
      const { out } = await printedBy(() => replayVerb(id, { law, grain: "call", json }));
      expect(out).toMatch(/^\S+( \(= \S+\))? (violates|falls short of) \S+ in step \d+ of \d+: \S+/);
      expect(tooLong(out)).toEqual([]);
    }
  });

  test.each(INTERLEAVED.map((bug) => bug.id))("replay of the interleaving %s, by each law", async (id) => {
    for (const { law } of (interleavedCalled(id) as InterleavedBug).violations) {
      const { out } = await printedBy(() => replayVerb(id, { law, grain: "step", json }));
      expect(out).toMatch(/^\S+ violates \S+ in \d+ steps?(, then \d+ for ever)?:\s+\S+/);
      expect(tooLong(out)).toEqual([]);
    }
  });

  test.each([...BUGS, ...INTERLEAVED].map(({ id }) => id))("list of %s", async (id) => {
    const { out } = await printedBy(() => listVerb(id, { json }));
    expect(out.startsWith(id)).toBe(true);
    expect(tooLong(out)).toEqual([]);
  });

  test.each(KERNELS.map(({ name }) => name))("list of the kernel %s", async (name) => {
    const { out } = await printedBy(() => listVerb(name, { json }));
    expect(out).toContain("stands for");
    expect(tooLong(out)).toEqual([]);
  });

  test("every protocol in the details of a check", () => {
    const protocols = STEP_PROTOCOLS.map((protocol) => {
      const scope = Object.fromEntries(
        Object.entries(protocol.parameters).map(([name, { usual }]) => [name, usual]),
      );
      const laws = lawsOf(protocol.machine(scope)).map(({ id: law }) => ({
        law,
        steps: 100,
        bug: nameInterleaved(protocol.name, law),
      }));
      return { name: protocol.name, scope, states: 1_000_000, ended: "states" as const, laws };
    });
    const pinnedRuns = INTERLEAVED.flatMap((bug) =>
      bug.violations.map((broken) => ({
        bug,
        broken,
        steps: 100,
        loop: 100,
        confirmed: true,
        on: [],
        kept: true,
        states: 1_000_000,
      })),
    );
    const report = { protocols, pinned: pinnedRuns, surprises: [] };
    const text = stripVTControlCharacters(interleavedText(report));
    expect(text.match(/keeps it in all 1000000 states/g)).toHaveLength(pinnedRuns.length);
    expect(tooLong(text)).toEqual([]);
    expect(tooLong(interleavedSummary(report))).toEqual([]);
  });

  test("every verb's help", async () => {
    const verbs = ["check", "hunt", "explore", "diff", "replay", "pin", "conform", "judge", "list"];
    for (const verb of verbs) {
      const { code, out } = await vmapcheck(verb, "--help");
      expect({ code, says: out.startsWith(`Usage: vmapcheck ${verb} `) }).toEqual({ code: 0, says: true });
      expect(tooLong(out)).toEqual([]);
    }
  }, 180_000);

  test("a line that is too long is detected", () => {
    expect(tooLong(`short\n${"x".repeat(101)}`)).toHaveLength(1);
  });
});
