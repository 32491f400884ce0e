/** `explore --out`: the violation, as a file that `replay` reads. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { elsewhere } from "./running.testing.ts";
import { type ExploreArguments, exploreVerb } from "./verbs/explore.ts";
import { replayVerb } from "./verbs/replay.ts";

const PLAIN: ExploreArguments = {
  liveness: false,
  compact: false,
  actions: false,
  states: 1_000_000,
  seconds: 600,
  workers: 1,
  json: false,
};

afterEach(() => {
  vi.restoreAllMocks();
});

async function printed(verb: () => Promise<number>): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  log.mockClear();
  expect(await verb()).toBe(0);
  return log.mock.calls.map(([line]) => line).join("\n");
}

const replayed = async (path: string) => JSON.parse(await printed(() => replayVerb(path, { json: true })));

describe("explore --out", () => {
  test.each<[string, Partial<ExploreArguments>, object]>([
    ["3.1", { scope: "pages=4", law: "lowest-fit" }, { kernel: "3.1", law: "lowest-fit", step: 4 }],
    [
      "cache-no-vstart-test",
      { scope: "pages=5,windows=3,aligns=1", law: "lowest-fit" },
      { kernel: "cache-no-vstart-test", law: "lowest-fit" },
    ],
    [
      "piggin-draft-3",
      { scope: "pages=5", law: "no-bug" },
      { kernel: "piggin-draft-3", law: "no-bug", step: 3 },
    ],
    ["blocks-6.12", {}, { kernel: "blocks-6.12", law: "no-alias-after-unmap-aliases", step: 17 }],
    [
      "areas-4.10",
      { scope: "places=4,caches=0", liveness: true },
      { kernel: "areas-4.10", law: "lazy-comes-down" },
    ],
  ])(
    "of %s %j writes a run that violates the law when it is replayed",
    async (machine, options, expected) => {
      const path = join(elsewhere, `${machine}.json`);
      const out = await printed(() => exploreVerb(machine, { ...PLAIN, ...options, out: path }));
      expect(out).toContain(`replay ${path}`);
      expect(await replayed(path)).toMatchObject({ accepted: false, ...expected });
    },
  );

  test.each<[string, Partial<ExploreArguments>, string]>([
    ["2.6.39", { scope: "pages=3" }, ""],
    ["3.1", { scope: "pages=3", law: "in-window" }, " of in-window"],
    ["areas-6.12", { scope: "places=2,caches=0", liveness: true }, ""],
  ])("of %s %j writes nothing, since no law is violated, and reports so", async (machine, options, of) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const path = join(elsewhere, "none.json");
    expect(await exploreVerb(machine, { ...PLAIN, ...options, out: path })).toBe(2);
    expect(error.mock.calls).toEqual([
      [`vmapcheck: --out ${path} was not written: it takes a run into a violation${of}, and there was none`],
    ]);
    expect(log.mock.calls.join("\n")).not.toContain("replay");
    expect(existsSync(path)).toBe(false);
  });

  test("is refused if another option names the same file", async () => {
    const path = join(elsewhere, "both.json");
    const refused = exploreVerb("lazy-unmap", { ...PLAIN, out: path, itf: path });
    await expect(refused).rejects.toThrow(`--out and --itf name the same file, ${path}`);
  });

  test("is refused before the search if the folder is missing", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const refused = exploreVerb("lazy-unmap", { ...PLAIN, out: "/nowhere/run.json" });
    await expect(refused).rejects.toThrow("--out /nowhere/run.json: ENOENT");
    expect(log).not.toHaveBeenCalled();
  });
});
