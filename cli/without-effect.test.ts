/** Options that could have no effect, and files that could not be written: refused before any work, in one line. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UsageError } from "../jobs/usage-error.ts";
import { elsewhere, ROOT, vmapcheck } from "./running.testing.ts";
import { checkVerb } from "./verbs/check.ts";
import { diffVerb } from "./verbs/diff.ts";
import { type ExploreArguments, exploreVerb } from "./verbs/explore.ts";
import { type HuntOptions, huntVerb } from "./verbs/hunt.ts";
import { pinVerb } from "./verbs/pin.ts";
import { type ReplayOptions, replayVerb } from "./verbs/replay.ts";
import { simulateVerb } from "./verbs/simulate.ts";

const HISTORY = join(ROOT, "counterexamples/vmap/vb-full-block-stale/no-alias-after-unmap-aliases.json");
const INTERLEAVING = join(ROOT, "counterexamples/vmap/vb-final-free-window/interleaving.json");
const EXPLORE: ExploreArguments = {
  liveness: false,
  compact: false,
  actions: false,
  states: 1,
  seconds: 1,
  workers: 1,
  json: true,
};

const explore = (machine: string, more: Partial<ExploreArguments>) => () =>
  exploreVerb(machine, { ...EXPLORE, ...more });
const diff = (more: object) => () =>
  diffVerb(["6.1", "6.4"], { all: false, seed: 1, json: true, seconds: 1, ...more });
const hunt = (names: string[], more: Partial<HuntOptions>) => () =>
  huntVerb(names, { seed: 1, json: true, ...more });
const replay = (target: string, more: Partial<ReplayOptions>) => () =>
  replayVerb(target, { json: true, ...more });

const simulate = (parts: string[]) => () => simulateVerb(parts, { cpus: 5, csv: false, seed: 1, json: true });

/** The message for a person. */
async function refusal(verb: () => number | Promise<number>): Promise<string> {
  try {
    await verb();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message.replaceAll(elsewhere, "TMP");
  }
  return "not refused";
}

describe("an option without effect", () => {
  const cases: [what: string, verb: () => number | Promise<number>, says: RegExp][] = [
    ["a line of a bug", replay("A9", { trace: 5 }), /^--trace is for a recording .* A9 is none$/],
    ["a line of a history", replay(HISTORY, { trace: 5 }), /^--trace is for a recording/],
    ["a line of a history to pin", () => pinVerb(HISTORY, { trace: 1, json: true }), /^--trace is for a/],
    ["a grain of a file", replay(HISTORY, { grain: "call" }), /^--grain is for a bug of the catalogue/],
    [
      "another law for an interleaving",
      replay(INTERLEAVING, { law: "lowest-fit" }),
      /^--law lowest-fit: an interleaving is taken for its own law, no-alias-after-unmap-aliases$/,
    ],
    [
      "a scope that names nothing",
      explore("6.1", { scope: "" }),
      /^--scope of 6\.1 takes pages=N,.*, not ""$/,
    ],
    [
      "a scope with a word for a number",
      explore("6.1", { scope: "pages=many" }),
      /^--scope: pages takes a whole number, not "many"$/,
    ],
    ["a scope with nothing after its comma", explore("6.1", { scope: "pages=3," }), /, not ""$/],
    ["a scope of diff that names nothing", diff({ scope: "" }), /^--scope of diff takes .*, not ""$/],
    [
      "hashes no smaller than states",
      explore("lazy-unmap", { compact: true }),
      /^--compact: a state of this/,
    ],
    [
      "seconds between no checkpoints, where lassos are looked for",
      explore("areas-2.6.28", { liveness: true, every: 3 }),
      /--every is not for it$/,
    ],
    [
      "an end at a law's violation, where every state is visited",
      explore("take-all-2.6.27", { whole: true, law: "no-deadlock" }),
      /^--whole continues after a violation, and --law ends at one$/,
    ],
    [
      "calls left out, where none are drawn",
      explore("take-all-2.6.27", { skip: 5 }),
      /^--skip is for --calls pairs/,
    ],
    [
      "every state, where runs are random",
      explore("take-all-2.6.27", { whole: true, runs: 5 }),
      /--whole is not for it$/,
    ],
    ["histories for what is explored", hunt(["C13"], { runs: 5 }), /^--runs is for bugs found at random/],
    [
      "a law that the interleaving does not violate",
      hunt(["C13"], { law: "lowest-fit" }),
      /^vb-final-free-window does not violate lowest-fit; it violates no-alias-after-unmap-aliases$/,
    ],
    ["a law that no bug violates", hunt([], { law: "aligned" }), /^--law aligned: no bug of the catalogue/],
    ["CPUs for what does not grow", simulate(["variants"]), /^--cpus is for growth$/],
    ["CPUs for the table alone", simulate([]), /^--cpus is for growth$/],
    ["CPUs for a part that is misspelt", simulate(["growht"]), /"growht"; did you mean growth\?$/],
    [
      "a comparison of histories of which none are drawn",
      () => checkVerb(["6.1"], { seed: 1, runs: 0, coverage: true, json: true } as never),
      /^--coverage compares random histories, and --runs 0 draws none$/,
    ],
  ];

  test.each(cases)("is refused: %s", async (_what, verb, says) => {
    expect(await refusal(verb)).toMatch(says);
  });

  test("is refused where it is given twice", async () => {
    const { code, out, err } = await vmapcheck("explore", "3.1", "--scope", "pages=3", "--scope", "pages=4");
    expect({ code, out, err }).toEqual({ code: 2, out: "", err: "vmapcheck: --scope is given twice\n" });
  });

  test("with an effect are accepted: a scope, a grain of a bug", async () => {
    expect(await refusal(explore("lazy-unmap", { scope: "V=2" }))).toBe("not refused");
    expect(await refusal(replay("C13", { grain: "step" }))).toBe("not refused");
  });
});

describe("a file that could not be written", () => {
  const directory = join(elsewhere, "directory");
  mkdirSync(directory, { recursive: true });
  const file = join(elsewhere, "some-file");
  writeFileSync(file, "kept");
  mkdirSync(join(elsewhere, "blocked.part"), { recursive: true });
  const cases: [what: string, verb: () => number | Promise<number>, says: RegExp][] = [
    [
      "a folder to save to",
      explore("6.1", { checkpoint: directory }),
      /^--checkpoint TMP\/directory: it is a directory/,
    ],
    [
      "a device to save to",
      explore("6.1", { checkpoint: "/dev/null" }),
      /^--checkpoint .* is no regular file$/,
    ],
    [
      "a file to save to, with a folder of the name that is written first",
      explore("6.1", { checkpoint: join(elsewhere, "blocked") }),
      /blocked\.part is there, and is no regular file$/,
    ],
    ["a folder for a graph", explore("6.1", { dot: directory }), /^--dot TMP\/directory: it is a directory/],
    ["a folder for a run", explore("6.1", { itf: directory }), /^--itf TMP\/directory: it is a directory/],
    ["no name for a graph", explore("6.1", { dot: "" }), /^--dot : expected the name of a file$/],
    [
      "a graph on standard output, by the name that it has elsewhere",
      explore("6.1", { dot: "-" }),
      /^--dot -: expected the name of a file; \/dev\/stdout is one$/,
    ],
    ["a folder for a history", diff({ out: directory }), /^--out TMP\/directory: it is a directory/],
    ["a missing folder", diff({ out: "/nowhere/x" }), /^--out \/nowhere\/x: ENOENT/],
    [
      "one file for two",
      explore("6.1", { dot: file, itf: join(directory, "..", "some-file") }),
      /^--dot and --itf name the same file, /,
    ],
  ];

  test.each(cases)("is refused: %s", async (_what, verb, says) => {
    expect(await refusal(verb)).toMatch(says);
    expect(readFileSync(file, "utf8")).toBe("kept");
  });
});
