import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readHistory } from "../../adapters/vmap/history-file.ts";
import { replay } from "../../engine/run/stepper.ts";
import { kernelNamed } from "../../jobs/names.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import { ROOT } from "../running.testing.ts";
import { mapsOf } from "./drawing.ts";
import { drawMap } from "./map.ts";
import { poolRow, VMAP_DRAWING } from "./step-view.ts";

const PINNED = join(ROOT, "counterexamples/vmap/va-pools-hide-room/pools-hide-no-room.json");

async function drawnOn(label: string): Promise<string[]> {
  const { scope, commands } = await readHistory(PINNED);
  const maps = mapsOf(VMAP_DRAWING, replay(benchFor(kernelNamed(label), scope), commands));
  return maps.map((lines) => lines.join("\n"));
}

describe("what a node's pool holds", () => {
  test("is drawn by the number of the node, from the purge that filled the pool to the one that empties it", async () => {
    const maps = await drawnOn("6.12");
    const held = maps.map((map) => map.split("\n").find((line) => line.startsWith("  pool")));
    const row = "  pool        .  .  0  0  .";
    expect(held).toEqual([undefined, undefined, row, row, undefined]);
  });

  test("is not drawn on a kernel without pools", async () => {
    expect((await drawnOn("6.5")).join("\n")).not.toContain("pool");
  });

  test("has a question mark if the pool may not hold it", () => {
    const pooled = [
      { start: 16, end: 17, node: 1, sure: true },
      { start: 18, end: 20, node: 0, sure: false },
    ];
    const shown = [15, 16, 17, 18, 19, 20];
    expect(drawMap(poolRow(pooled, shown), shown)[1]).toBe("  pool        .  1  .  ?  ?  .");
  });

  test("is left out if none of its pages is shown", () => {
    const pooled = [{ start: 30, end: 31, node: 0, sure: true }];
    expect(poolRow(pooled, [15, 16, 29])).toEqual([]);
  });
});

describe("the step that violates a law", () => {
  async function lastMap(file: string, label: string): Promise<string> {
    const { law, scope, commands } = await readHistory(join(ROOT, "counterexamples/vmap", file));
    const played = replay(benchFor(kernelNamed(label), scope), commands);
    const violation = { law: law as string, index: commands.length - 1 };
    return (mapsOf(VMAP_DRAWING, played, { violation }).at(-1) ?? []).join("\n");
  }

  test("shows lowest-fit violated where the request would have fitted, and says so", async () => {
    const map = await lastMap("cache-exact-hole-missed/lowest-fit.json", "3.1");
    expect(map).toMatch(/^ {13}70 71 72 .*\n {2}area {8}\. {2}\. {2}A /);
    expect(map).toMatch(
      /\n {2}violation {3}\. {2}\^ {2}\. .*\n {2}It fits at page 71, and was placed higher, at 75\.$/,
    );
  });

  test("shows highest-congruent-fit violated in the window of percpu areas, which is drawn", async () => {
    const map = await lastMap("aug-percpu-jump/highest-congruent-fit.json", "5.2");
    expect(map).toMatch(/\n {2}window {6}\.( {2}=){10} {2}\.\n/);
    expect(map).toMatch(
      /\n {2}violation {3}[. ]+\^ {2}\. {2}\. {2}\^[. ]+\n {2}The areas fit at the base 13/,
    );
  });

  test("shows no mark where the law is kept", async () => {
    expect(await lastMap("cache-exact-hole-missed/lowest-fit.json", "2.6.39")).not.toMatch(/\^|violation/);
  });
});

test("a warning is named by its macro where the kernel gives only the condition", () => {
  const warned = { kind: "refused", flushes: [], pteSet: 0, pteCleared: 0, lazyPages: 0 } as const;
  expect(VMAP_DRAWING.response({ ...warned, warning: "(ret)" })).toBe("refused, warned: WARN_ON(ret)");
  expect(VMAP_DRAWING.response({ ...warned, warning: "no such area" })).toBe("refused, warned: no such area");
});
