import { describe, expect, test } from "vitest";
import { historyIn } from "../../adapters/history-file.ts";
import { settingFor } from "../../properties/setting.ts";
import { kernelNamed } from "../names.ts";
import { replayedText } from "./replayed.ts";

/** So many areas of a page each, one after another, and the last of them freed. */
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

function shown(areas: number, all: boolean): string[] {
  const { scope, commands } = history(areas);
  return [...replayedText(settingFor(kernelNamed("6.1"), scope), commands, commands.length - 1, all)];
}

const stepsOf = (texts: readonly string[]) => texts.flatMap((text) => /^step (\d+) of/.exec(text)?.[1] ?? []);
const UP_TO = (last: number, from = 1) =>
  Array.from({ length: last - from + 1 }, (_, nth) => String(from + nth));

describe("a history that is replayed", () => {
  test("is shown whole while it is short", () => {
    expect(stepsOf(shown(39, false))).toEqual(UP_TO(40));
    expect(shown(39, true)).toEqual(shown(39, false));
  });

  test("is shown from its last 20 steps on where it is long, and says what is left out", () => {
    const texts = shown(40, false);
    expect(stepsOf(texts)).toEqual(UP_TO(41, 22));
    expect(texts[0]).toContain("steps 1 to 21: not shown (--all shows them)");
  });

  test("is shown whole by request", () => {
    expect(stepsOf(shown(300, true))).toEqual(UP_TO(301));
  });

  test("names areas by the commands that asked for them, those not shown included", () => {
    // The 40th area, N, was asked for by command 40, and command 41 frees it: its letter is the one of all 41 steps.
    const [last, ofAll] = [shown(40, false).at(-1), shown(40, true).at(-1)] as [string, string];
    expect(ofAll).toMatch(/area .*n/);
    expect(last).toMatch(/area .*n/);
  });
});
