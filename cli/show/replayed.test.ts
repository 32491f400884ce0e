import { describe, expect, test } from "vitest";
import { historyIn } from "../../adapters/vmap/history-file.ts";
import type { Bug } from "../../counterexamples/vmap/bug.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import { playing } from "../../engine/run/stepper.ts";
import { explore } from "../../jobs/explore/explore.ts";
import { hunt } from "../../jobs/hunt.ts";
import { kernelNamed } from "../../jobs/names.ts";
import { replay } from "../../jobs/replay.ts";
import { VMAP } from "../../jobs/vmap/wing.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import { exploredText } from "./explored.ts";
import { mailText } from "./mail.ts";
import { type Replayed, replayedText, type ShownSteps, stepsJson, stepsShown } from "./replayed.ts";
import { runText } from "./run.ts";
import { VMAP_DRAWING } from "./step-view.ts";

/** This many areas of a page each, one after another, and the last of them freed. */
const history = (areas: number) =>
  historyIn("here", {
    vmapcheck: 1,
    kernel: "6.1",
    law: "no-overlap",
    scope: { wordPages: 2 ** 12, cpus: 1, lazyMaxPages: null },
    commands: [
      ...Array.from({ length: areas }, () => ({ op: "alloc", size: 1, align: 4096, vstart: 16, vend: 4000 })),
      { op: "free", area: areas - 1 },
    ],
  });

function shownOf(areas: number, all: boolean): ShownSteps {
  const { scope, commands } = history(areas);
  const setting = benchFor(kernelNamed("6.1"), scope);
  return stepsShown(VMAP_DRAWING, () => playing(setting, commands), commands.length - 1, all);
}

function replayed(areas: number, all: boolean): Replayed {
  return {
    wing: VMAP,
    about: ["kernel 6.1"],
    bug: undefined,
    of: areas + 1,
    shown: shownOf(areas, all),
    violations: [],
    shortfalls: [],
    stopped: undefined,
    subject: "6.1",
    asked: undefined,
    replay: "npx vmapcheck replay here",
  };
}

/** The text in parts: one for each step, and the head before them. */
const shown = (areas: number, all: boolean) => replayedText(replayed(areas, all)).split("\n\n");
const stepsOf = (texts: readonly string[]) => texts.flatMap((text) => /^step (\d+) of/.exec(text)?.[1] ?? []);
const UP_TO = (last: number, from = 1) =>
  Array.from({ length: last - from + 1 }, (_, nth) => String(from + nth));

describe("a history that is replayed", () => {
  test("is shown whole if it is short", () => {
    expect(stepsOf(shown(39, false))).toEqual(UP_TO(40));
    expect(shown(39, true)).toEqual(shown(39, false));
  });

  test("is shown from its last 20 steps on if it is long, with a note on the others", () => {
    const texts = shown(40, false);
    expect(stepsOf(texts)).toEqual(UP_TO(41, 22));
    expect(texts).toContain("steps 1 to 21 are not shown (--all shows them)");
  });

  test("is shown whole by request", () => {
    expect(stepsOf(shown(300, true))).toEqual(UP_TO(301));
  });

  test("is in a mail and in JSON with the same steps as in text", () => {
    const mail = mailText(replayed(40, false));
    expect(mail).toContain("(Steps 1 to 21 are left out.)");
    expect(Array.from(mail.matchAll(/^ *(\d+)\. /gm), ([, step]) => step)).toEqual(UP_TO(41, 22));
    const json = (all: boolean) => stepsJson(VMAP_DRAWING, shownOf(40, all), ({ index }) => index);
    expect(json(false).map(({ step }) => String(step))).toEqual(UP_TO(41, 22));
    expect(json(true).slice(21)).toEqual(json(false));
  });

  test("keeps at most the steps of a short one, and none if all of a long one are shown", () => {
    expect(shownOf(39, false).steps).toHaveLength(40);
    expect(shownOf(300, false).steps).toHaveLength(20);
    expect(shownOf(300, true).steps).not.toBeInstanceOf(Array);
    expect([...shownOf(300, true).steps]).toHaveLength(301);
  });

  test("names areas by the commands that requested them, even if these are not shown", () => {
    // The 40th area, N, was asked for by command 40, and command 41 frees it: its letter is the one of all 41 steps.
    const end = (all: boolean) => shown(40, all).find((text) => text.startsWith("step 41 of")) ?? "";
    const [last, ofAll] = [end(false), end(true)];
    expect(ofAll).toMatch(/area .*n/);
    expect(last).toMatch(/area .*n/);
  });
});

test("a violation of no-overlap alike a bug that a tree's release has not is unexpected, and the bug is not its name", () => {
  const alike = bugCalled("C7") as Bug;
  const violation = { law: "no-overlap", bug: undefined, alike, listed: false, promised: true } as const;
  const found = { ...replayed(1, false), violations: [violation] };
  const [text, mail] = [replayedText(found), mailText(found).replaceAll(/\s+/g, " ")];
  for (const printed of [text, mail])
    expect(printed).toContain("unexpected: as by the history of vb-full-block-stale (C7)");
  expect(text).not.toMatch(/known as|fixed: /);
  expect(mail).not.toMatch(/Fixed:/);
  const own = replayedText({
    ...found,
    violations: [{ ...violation, bug: alike, alike: undefined, listed: true }],
  });
  expect(own).toContain("known as vb-full-block-stale (C7), fixed: ");
});

test("hunt says as what it takes a version that does not exist yet", async () => {
  const { kernels } = await hunt({ bugs: ["9.1", "6.6", "6.5"], seed: 1, runs: 1 });
  expect(kernels.map(({ called }) => called)).toEqual([
    "9.1 (taken as 7.3, the newest known)",
    "6.6 (= 6.5)",
    "6.5",
  ]);
});

test("explore and replay say as what they take a version that does not exist yet", async () => {
  const explored = await explore("9.1", { states: 2 });
  expect(exploredText(explored, false).replaceAll(/\s+/g, " ")).toContain(
    "9.1 is newer than 7.3, the newest known: taken as 7.3 (= 6.19 = 7.2); what changed since is not known.",
  );
  const run = await replay("C13", { kernel: "9.1" });
  const drawn = run.kind === "run" ? runText(run, "") : "";
  expect(drawn).toContain("protocol blocks-6.12, which describes 9.1 (taken as 7.3, the newest known)");
});
