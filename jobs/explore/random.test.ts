/** Random runs of a protocol: known violations are attributed, and replay takes what is written. */
import { describe, expect, test } from "vitest";
import { interleavingIn } from "../../adapters/interleaving-file.ts";
import { replayRun } from "../replay-run.ts";
import { exploreRandom } from "./random.ts";

describe("random runs", () => {
  test("of contexts-6.19 meet B16, by a run of two steps that replay confirms", async () => {
    const { result, reports } = await exploreRandom("contexts-6.19", { runs: 300, seed: 1 });
    expect(result.violations.map(({ law, run }) => [law, run.length])).toEqual([
      ["serves-allowed-contexts", 2],
    ]);
    expect(reports.map(({ bug }) => bug)).toEqual(["caller-context"]);
    const file = interleavingIn("a file", JSON.parse(reports[0]?.file ?? ""));
    const replayed = replayRun("a file", file, {});
    expect(replayed.violations).toEqual([{ law: "serves-allowed-contexts", bug: "caller-context" }]);
  });

  test("of the newest orders meet nothing, and take every kind of step", async () => {
    for (const name of ["contexts-7.1", "kasan-6.17", "objects-4.18", "levels-7.2"]) {
      const { result, machine } = await exploreRandom(name, { runs: 300, seed: 1 });
      expect([name, result.violations, result.runs]).toEqual([name, [], 300]);
      expect(result.fired).toBeGreaterThan(0.7 * machine.actions.length);
    }
  });

  test("of a version are those of the order that describes it", async () => {
    const { name } = await exploreRandom("contexts-6.6", { runs: 1, seed: 1 });
    expect(name).toBe("contexts-5.17");
  });

  test.each([
    ["a kernel", "6.12", "check draws histories of 6.12"],
    ["a protocol without CPUs", "lazy-unmap", "without it, explore visits every state of lazy-unmap"],
  ])("of %s are refused in one line", async (_what, name, says) => {
    await expect(exploreRandom(name, { runs: 1, seed: 1 })).rejects.toThrow(
      `--runs is for protocols of CPUs: ${says}`,
    );
  });
});
