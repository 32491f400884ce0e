/** A kernel derived from another has that kernel's bugs, by their names, and its own apart from them. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { quickly } from "../engine/bounds.testing.ts";
import { replay } from "../engine/run/stepper.ts";
import { linux } from "../kernels/vmap/index.ts";
import { rulesOf } from "../kernels/vmap/releases.ts";
import { kernelWith, stepsFrom } from "../kernels/vmap/rules.ts";
import { plainSize } from "../kernels/vmap/search-tree.ts";
import { vmapKernel } from "../kernels/vmap/vmap-kernel.ts";
import { scopeCalled } from "../properties/vmap/random-scopes.ts";
import { MIDDLE, spaceScope } from "../properties/vmap/small-scopes.ts";
import { benchFor, type JudgedStep } from "../properties/vmap/test-bench.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import { derivedFrom, lineageOf, releaseOf } from "../spec/vmap/releases.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import type { VmapTerms } from "../spec/vmap/terms.ts";
import type { ScopedHistory } from "../spec/wing.ts";
import { checkKernel, type KernelOptions } from "./check/kernel.ts";
import { knownText, namesOf } from "./hunt-target.ts";
import { kernelNamed } from "./names.ts";
import { replay as replayTarget } from "./replay.ts";
import { inheritanceOf } from "./vmap/lineage.ts";
import { OPEN_VMAP } from "./vmap/open-wing.ts";

const options: KernelOptions = {
  seed: 3,
  runs: quickly(200),
  law: undefined,
  coverage: undefined,
  keepsFailures: true,
};

/** A release of our own with the promises of 5.11. */
const MINE: Promises = derivedFrom("5.11", { ...releaseOf("5.11"), labels: ["5.15-mine"] });
const bugsOf = (kernel: Kernel) => [...inheritanceOf(kernel).violations].map(({ pinned }) => pinned).sort();
const A13 = [
  "lowest-fit-at-a-page.json",
  "lowest-fit.json",
  "purge-only-when-full.json",
  "refused-only-when-full.json",
];

/** It finds an area that was freed. */
const losing = (release: Promises) =>
  vmapKernel(release, { ...stepsFrom(rulesOf("5.11")), find: () => 3 }, "5.15-mine");

describe("a kernel derived from 5.11", () => {
  const home = process.cwd();
  beforeAll(() => process.chdir(mkdtempSync(join(tmpdir(), "vmapcheck-lineage-"))));
  afterAll(() => process.chdir(home));

  test.each([
    ["as a copy under another name", { ...linux("5.11"), name: "5.15-mine" }],
    ["as a release that says what it is like", kernelWith(MINE, rulesOf("5.11"))],
    [
      "as a release that says nothing",
      kernelWith({ ...releaseOf("5.11"), labels: ["5.15-mine"] }, rulesOf("5.11")),
    ],
  ])(
    "%s violates laws by 5.11's bugs, in histories as short as the pinned ones, and no other",
    async (_how, kernel) => {
      const { cells, surprises } = await checkKernel(OPEN_VMAP, kernel, options);
      expect(surprises.filter(({ law }) => law !== null)).toEqual([]);
      const found = Object.fromEntries(
        cells.flatMap(({ law, bug, commands }) => (bug === null ? [] : [[law, [bug, commands]]])),
      );
      expect(found).toMatchObject({
        "refused-only-when-full": ["aug-align-overhead", 4],
        "purge-only-when-full": ["aug-align-overhead", 5],
        "lowest-fit": ["aug-align-overhead", 4],
        "guard-between-vmaps": ["no-guard-adjacency", 2],
        "no-alias-after-unmap-aliases": ["vb-full-block-stale", 5],
      });
    },
  );

  test("added to the list of releases is listed by no bug, and so inherits what it has", async () => {
    const added: Promises = { ...releaseOf("5.11"), labels: ["5.15-mine"] };
    vi.resetModules();
    vi.doMock("../spec/vmap/releases.ts", async (original) => {
      const module = await original<typeof import("../spec/vmap/releases.ts")>();
      const findRelease = (label: string) => (label === "5.15-mine" ? added : module.findRelease(label));
      return { ...module, findRelease, RELEASES: [...module.RELEASES, added] };
    });
    const { BUGS } = await import("../counterexamples/vmap/index.ts");
    const lineage = await import("./vmap/lineage.ts");
    vi.doUnmock("../spec/vmap/releases.ts");
    vi.resetModules();
    const listing = BUGS.filter(({ violations }) => violations.some(({ on }) => on.includes("5.15-mine")));
    expect(listing.map(({ id }) => id)).toEqual([]);
    const { violations } = lineage.inheritanceOf(kernelWith(added, rulesOf("5.11")));
    expect([...violations].map(({ pinned }) => pinned)).toEqual(expect.arrayContaining(A13));
  });

  test("that searches for the plain size no longer has A13, and the report says so", async () => {
    const repaired = kernelWith(MINE, { ...rulesOf("5.11"), lookedFor: plainSize, shiftsStart: true });
    const { gone, cells, surprises } = await checkKernel(OPEN_VMAP, repaired, { ...options, runs: 0 });
    expect(gone).toEqual(["aug-align-overhead"]);
    expect(surprises).toEqual([]);
    expect(cells.find(({ law }) => law === "refused-only-when-full")).toMatchObject({
      verdict: "kept",
      bug: null,
    });
  });

  test("with an error of its own reports that once, by its shortest history, and A13 beside it", async () => {
    const { cells, surprises } = await checkKernel(OPEN_VMAP, losing(MINE), options);
    const unknown = surprises.filter(({ history }) => history !== null);
    expect(unknown.map(({ law }) => law)).toEqual(["finds-areas"]);
    expect(unknown[0]?.history).toHaveLength(1);
    expect(cells.find(({ law }) => law === "lowest-fit")).toMatchObject({
      bug: "aug-align-overhead",
      commands: 4,
    });
  });

  test("has a lineage, unlike a release of Linux", () => {
    expect(lineageOf(MINE)).toEqual(["5.15-mine", "5.11"]);
    expect(lineageOf(releaseOf("5.11"))).toEqual(["5.11"]);
    expect(bugsOf(linux("5.11"))).toEqual([]);
    expect(bugsOf(kernelWith(MINE, rulesOf("5.11")))).toEqual(expect.arrayContaining(A13));
  });
});

describe("an unknown violation that is found in the small space and at random", () => {
  const home = process.cwd();
  beforeAll(() => process.chdir(mkdtempSync(join(tmpdir(), "vmapcheck-lineage-"))));
  afterAll(() => process.chdir(home));

  test("is reported once for each law, by the shorter history", async () => {
    const wide = kernelWith(releaseOf("2.6.39"), { ...rulesOf("2.6.39"), beforeNext: 2 }, "wide gaps");
    const { surprises } = await checkKernel(OPEN_VMAP, wide, options);
    const laws = surprises.flatMap(({ law, history }) => (history === null ? [] : [law]));
    expect(new Set(laws).size).toBe(laws.length);
    expect(surprises.find(({ law }) => law === "lowest-fit")?.history).toHaveLength(2);
  });
});

describe("a changed kernel", () => {
  const alloc = (size: number, vstart: number, vend: number): HistoryStep => ({
    op: "alloc",
    size,
    align: 4096,
    vstart,
    vend,
    map: false,
  });
  const SCOPE = spaceScope({ pages: 8, sizes: 4, aligns: 1, windows: 1, at: MIDDLE });
  const lastOf = (kernel: Kernel, history: readonly HistoryStep[]) =>
    replay(benchFor(kernel, SCOPE), history).at(-1) as JudgedStep;

  test("has its release's bugs apart from its own: A9 on a mutant of 3.1 is A9", () => {
    const mutant = kernelWith(releaseOf("3.1"), { ...rulesOf("3.1"), beforeNext: 0 }, "a mutant of 3.1");
    const last = lastOf(mutant, [alloc(1, 17, 24), alloc(2, 16, 24), alloc(1, 16, 24)]);
    expect(namesOf(OPEN_VMAP, mutant, last)).toEqual([
      { law: "lowest-fit", known: "cache-exact-hole-missed", listed: true },
    ]);
  });

  test("is reported if it also violates a law that its entry does not list", () => {
    const mutant = kernelNamed("cache-no-align-test");
    const names = namesOf(OPEN_VMAP, mutant, {
      ...lastOf(mutant, [alloc(1, 17, 24)]),
      violated: [{ id: "aligned", says: "", source: "", holds: () => false }],
    });
    expect(names).toEqual([{ law: "aligned", known: "cache-no-align-test", listed: false }]);
    expect(knownText(OPEN_VMAP, names[0] as (typeof names)[0])).toBe(
      "follows from cache-no-align-test, which violates lowest-fit",
    );
  });
});

describe("code compiled from a tree", () => {
  const compiled = (like: string, answersAs: string) => {
    const release = derivedFrom(like, { ...releaseOf(like), labels: ["tree:mine"], compiled: true });
    return kernelWith(release, rulesOf(answersAs));
  };
  const bugsBeyond = async (kernel: Kernel) =>
    (await checkKernel(OPEN_VMAP, kernel, { ...options, runs: 0 })).surprises.map(({ law, alike }) => [
      law,
      ...(alike ?? []),
    ]);

  test.each(["6.1", "6.12", "6.19"])(
    "that answers as %s has no bug beyond those of its release",
    async (label) => {
      expect(await bugsBeyond(compiled(label, label))).toEqual([]);
    },
  );

  /** It does not note what vm_unmap_aliases flushes in blocks. */
  function forgetfulAs6_5(): Kernel {
    const steps = stepsFrom(rulesOf("6.5"));
    return vmapKernel(
      compiled("6.5", "6.5").release,
      {
        ...steps,
        unmapAliases: (state, all) => {
          const dirty = [state.blocks.dirtyMin, state.blocks.dirtyMax].map((each) => [...each]);
          steps.unmapAliases(state, all);
          [state.blocks.dirtyMin, state.blocks.dirtyMax].forEach((each, nth) => {
            for (let block = 0; block < each.length; block++) each[block] = dirty[nth]?.[block] as number;
          });
        },
      },
      "tree:mine",
    );
  }

  test("that violates a law where its release keeps it has an unknown bug, though it looks like the release's own", () => {
    const kernel = forgetfulAs6_5();
    const history: ScopedHistory<VmapTerms> = {
      scope: scopeCalled("blocks") as Scope,
      commands: [
        { op: "mapRam", cpu: 0, count: 1 },
        { op: "unmapRam", cpu: 0, area: 0 },
        { op: "unmapAliases" },
        { op: "unmapAliases" },
      ],
    };
    const last = replay(benchFor(kernel, history.scope), history.commands).at(-1) as JudgedStep;
    const named = (known: string | undefined, listed: boolean) => [{ law: "flush-only-once", known, listed }];
    expect(namesOf(OPEN_VMAP, kernel, last, history)).toEqual(named(undefined, false));
    expect(namesOf(OPEN_VMAP, kernel, last)).toEqual(named("vb-dirty-purged-around", true));
  });

  test("violates no-alias-after-unmap-aliases by C7 in a replay where its release has that, and else only alike", async () => {
    const replayed = async (like: string) => {
      const found = await replayTarget("C7", {
        kernel: compiled(like, "6.4"),
        law: "no-alias-after-unmap-aliases",
      });
      if (found.kind !== "history") throw new Error(`C7 is a ${found.kind}`);
      const [violation] = found.violations;
      return [violation?.law, violation?.bug?.id, violation?.alike?.id, found.expected];
    };
    expect(await replayed("6.5")).toEqual([
      "no-alias-after-unmap-aliases",
      undefined,
      "vb-full-block-stale",
      false,
    ]);
    expect(await replayed("6.1")).toEqual([
      "no-alias-after-unmap-aliases",
      "vb-full-block-stale",
      undefined,
      true,
    ]);
  });

  test("that answers as 6.4 and is judged as 6.5 has C7 beyond it", async () => {
    expect(await bugsBeyond(compiled("6.5", "6.4"))).toContainEqual([
      "no-alias-after-unmap-aliases",
      "vb-full-block-stale",
    ]);
  });
});
