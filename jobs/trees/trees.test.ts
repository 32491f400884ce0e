/**
 * Real trees in this process. VMAPCHECK_TREES names their directories, with a colon between two; without it, or without a
 * clang that compiles for wasm32, only the allocator assembled from text can be run.
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRecording } from "../../adapters/vmap/recording.ts";
import { replay } from "../../engine/run/stepper.ts";
import { explore } from "../../engine/search/explore.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith } from "../../kernels/vmap/rules.ts";
import { comparing } from "../../properties/diff/shortest-difference.ts";
import { COMPARISON } from "../../properties/vmap/comparison.ts";
import { explorableKernel } from "../../properties/vmap/explorable-kernel.ts";
import { SCOPES } from "../../properties/vmap/random-scopes.ts";
import { MIDDLE, spaceScope } from "../../properties/vmap/small-scopes.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import { Fingerprint } from "../../spec/fingerprint.ts";
import { PROCESS_LAWS } from "../../spec/process.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { derivedFrom, promisesOf, releaseOf } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { bumpAllocator } from "../../trees/bump-allocator.testing.ts";
import { hasWebAssemblyCompiler } from "../../trees/compiler.ts";
import { canRunTrees, TREES } from "../../trees/given-trees.testing.ts";
import { treeKernel } from "../../trees/vmap/tree-kernel.ts";
import { exploreKernel } from "../check/explored.ts";
import { conform } from "../conform.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { betweenReleases, openTree, promisedBetween } from "./trees.ts";

const CAN_RUN = canRunTrees("real trees in this process", hasWebAssemblyCompiler);
const RECORDINGS = join(import.meta.dirname, "../../adapters/vmap/recordings");
const INSIDE = SCOPES.filter(({ outside }) => outside !== true);
const scopeNamed = (name: string) => SCOPES.find((each) => each.name === name) as Scope;

/** Runs `comparing` without exploration: only this many random histories are drawn. */
function differenceAtRandom(one: Kernel, other: Kernel, runs: number) {
  const turns = comparing({
    of: COMPARISON,
    one,
    other,
    places: [],
    drawnIn: INSIDE,
    kind: undefined,
    seed: 5,
    states: 0,
    runs,
  });
  let turn = turns.next(false);
  while (!turn.done) turn = turns.next(false);
  return turn.value;
}

describe.skipIf(!CAN_RUN)("with VMAPCHECK_TREES and clang (skipped without):", () => {
  describe.each(TREES)("%s", (directory) => {
    const open = () => openTree(directory, undefined);

    test("answers 1,000 random histories as our model of its version does", () => {
      const { kernel, version } = open();
      const compared = differenceAtRandom(kernel, kernelWith(promisesOf(version), rulesOf(version)), 1000);
      expect(compared.difference).toBeUndefined();
      expect(compared.drawn).toBe(1000);
    });

    test("answers its release's recording with the recorded replies, in every field and dump", async () => {
      const { as, tree } = open();
      const file = join(RECORDINGS, `${as}.jsonl.gz`);
      const { value } = await readRecording(file).next();
      expect(value).toBeDefined();
      const report = await conform([file], { tree: directory });
      // Of a version between two releases, its neighbour's recording may show what they differ in.
      expect(report.files[0]?.differing).toBeLessThan(
        betweenReleases(tree.version, as) === undefined ? 1 : 4,
      );
      expect(report.files[0]?.conforming).toBeGreaterThan(20);
    });

    test("leaves pages to their holder where an unmap finds no area", () => {
      const { kernel } = open();
      const large = { op: "mapRam", cpu: 0, count: 3 } as const;
      const unmap = { op: "unmapRam", cpu: 0, area: 1 } as const;
      const block = { op: "mapRam", cpu: 0, count: 1 } as const;
      const history = [large, large, unmap, { op: "purge" }, block, unmap, { op: "unmapAliases" }] as const;
      const played = replay(benchFor(kernel, scopeNamed("outside")), history);
      const stops = kernel.release.outside.unmapAgain !== "refused";
      expect(played.at(-1)?.response?.kind).toBe(stops ? "bug" : "done");
      expect(played.at(-1)?.violated.map(({ id }) => id)).not.toContain("no-alias-after-unmap-aliases");
      expect(played).toHaveLength(stops ? 6 : 7);
    });

    test("keeps states apart: a call on one changes no other, and equal states have one fingerprint", () => {
      const kernel: Kernel = open().kernel;
      const scope = scopeNamed("blocks");
      const { add } = kernel.identity(scope, { pin: false, areasAlone: false });
      const wordsOf = (state: unknown) => {
        const print = new Fingerprint();
        const words = new Int32Array(4);
        print.begin();
        add(state, print);
        print.write(words, 0);
        return [...words].join();
      };
      const ask = (state: unknown, commands: readonly Command[]) => {
        for (const command of commands) kernel.act(state, command);
      };
      const map = { op: "mapRam", cpu: 0, count: 2 } as const;
      const first = kernel.initial(scope);
      const empty = wordsOf(first);
      const second = kernel.copy(first);
      ask(first, [map, { op: "unmapRam", cpu: 0, start: 64, count: 2 }]);
      expect(wordsOf(second)).toBe(empty);
      ask(second, [map]);
      expect(wordsOf(second)).not.toBe(wordsOf(first));
      ask(second, [{ op: "unmapRam", cpu: 0, start: 64, count: 2 }]);
      expect(wordsOf(second)).toBe(wordsOf(first));
      const [stepped] = kernel.step(first, { op: "purge" });
      expect(wordsOf(stepped)).not.toBe(wordsOf(first));
      kernel.assign(second, stepped);
      expect(wordsOf(second)).toBe(wordsOf(stepped));
    });
  });
});

/** A tree with one place of its allocator changed. */
interface Mutant {
  readonly law: string;
  readonly from: RegExp;
  readonly to: string;
}

/** Found in every state of a small space. */
const MUTANTS: readonly Mutant[] = [
  { law: "refused-only-when-full", from: /(nva_start_addr \+ size) > vend\)/, to: "$1 >= vend)" },
  { law: "no-overlap", from: /sibling->va_end == va->va_start/, to: "sibling->va_end != va->va_start" },
];
/** The ways in which vm_unmap_ram stops. */
const STOPS = [
  { law: "no-bug", kind: "bug", to: "BUG_ON(addr < VMALLOC_END);" },
  { law: "answers", kind: "silent", to: "while (addr < VMALLOC_END) barrier();" },
  { law: "no-crash", kind: "crashed", to: "*(volatile int *)(unsigned long)-8 = 1;" },
] as const;

describe.skipIf(!CAN_RUN)("a mutant (skipped without VMAPCHECK_TREES and clang)", () => {
  let folder: string;
  let here: string;
  beforeAll(() => {
    here = process.cwd();
    folder = mkdtempSync(join(tmpdir(), "vmapcheck-mutants-"));
    for (const part of ["lib/rbtree.c", "lib/llist.c", "include/linux", "Makefile"])
      cpSync(join(TREES[0] as string, part), join(folder, "base", part), { recursive: true });
    mkdirSync(join(folder, "base/mm"));
  });
  afterAll(() => {
    process.chdir(here);
    rmSync(folder, { recursive: true, force: true });
  });

  function mutantOf(name: string, change: (text: string) => string): string {
    const directory = join(folder, name);
    cpSync(join(folder, "base"), directory, { recursive: true });
    const text = readFileSync(join(TREES[0] as string, "mm/vmalloc.c"), "utf8");
    const changed = change(text);
    expect(changed).not.toBe(text);
    writeFileSync(join(directory, "mm/vmalloc.c"), changed);
    return directory;
  }

  test.each(MUTANTS)("violates $law in a small space", async ({ law, from, to }) => {
    const directory = mutantOf(law, (text) => text.replace(from, to));
    const { kernel } = openTree(directory, undefined);
    const { violations } = await exploreKernel(OPEN_VMAP, kernel, { seed: 1, runs: 0, compare: false });
    expect(violations).toContainEqual(expect.objectContaining({ law, bug: undefined }));
  });

  test.each(STOPS)("violates $law where it stops", ({ law, kind, to }) => {
    const directory = mutantOf(kind, (text) => text.replace(/BUG_ON\(addr > VMALLOC_END\);/, to));
    const kernel: Kernel = openTree(directory, undefined).kernel;
    const setting = benchFor(kernel, scopeNamed("blocks"));
    const history = [
      { op: "mapRam", cpu: 0, count: 2 },
      { op: "unmapRam", cpu: 0, area: 0 },
    ] as const;
    const last = replay(setting, history).at(-1);
    expect(last?.response?.kind).toBe(kind);
    expect(last?.violated.map(({ id }) => id)).toEqual([law]);
  });

  test("that differs from the tree in one comparison differs by a shortest history", () => {
    const directory = mutantOf("differs", (text) => text.replace(MUTANTS[0]?.from as RegExp, "$1 >= vend)"));
    const one = openTree(TREES[0] as string, undefined).kernel;
    const { difference } = differenceAtRandom(one, openTree(directory, undefined).kernel, 1000);
    expect(difference?.history).toHaveLength(1);
    expect(difference?.kinds).toContain("refusal");
  });

  test("that does not compile is refused by file and line", () => {
    const directory = mutantOf("broken", (text) => text.replace("void vfree(", "void vfree{"));
    const line = readFileSync(join(directory, "mm/vmalloc.c"), "utf8")
      .split("\n")
      .findIndex((each) => each.includes("void vfree{"));
    expect(() => openTree(directory, undefined)).toThrow(
      new RegExp(`broken/mm/vmalloc.c:${line + 1} does not compile: `),
    );
  });

  test("that is too old is refused as that, whatever else does not compile", () => {
    const directory = mutantOf("old", (text) =>
      text
        .replaceAll("free_vmap_area_root", "free_root")
        .replace("void vfree(", "absent_t absent;\nvoid vfree("),
    );
    expect(() => openTree(directory, undefined)).toThrow("as every release from 5.2 on has it");
  });

  test("without a required function is refused by that name", () => {
    const directory = mutantOf("renamed", (text) => text.replaceAll("vm_unmap_aliases", "vm_unmap_alias"));
    expect(() => openTree(directory, undefined)).toThrow("expected vm_unmap_aliases in it");
  });
});

describe("a tree's version", () => {
  test("between two releases is judged by what it promises itself", () => {
    const between = betweenReleases("6.18.9", "6.19");
    expect(between?.promises).toMatchObject({ noblock: false, pools: "a quarter goes" });
    expect(between?.model).toMatchObject({ name: "6.18.9", release: { like: "6.19", noblock: false } });
    expect(promisedBetween("6.18.9")).toMatchObject({ noblock: false, labels: releaseOf("6.19").labels });
    expect(between?.differs).toEqual([expect.stringMatching(/non-blocking.* \(6\.19\): not in 6\.18\.9/)]);
    expect(betweenReleases("5.3.18", "5.2")?.differs).toEqual([
      "5336e52c9e85 (5.3): in 5.3.18, and not in 5.2",
    ]);
  });

  test.each(["6.12.117", "7.9", "6.20", undefined])("%s is judged by a release", (version) => {
    expect(betweenReleases(version, "6.12")).toBeUndefined();
    expect(promisedBetween(version ?? "no version")).toBeUndefined();
  });
});

describe("a kernel made of a module", () => {
  test.each([
    ["among the others", ["HAVE_LAZY_AMONG_AREAS"], { lazy: [true, false], purge: undefined }],
    ["apart", [], { lazy: [false, false], purge: 1 }],
  ])("dumps lazy areas %s, as its probes say", async (_where, holds, expected) => {
    const { module } = await bumpAllocator();
    const built = { module, facts: { holds, stubs: [] } };
    const kernel: Kernel = treeKernel(() => built, releaseOf("5.2"), "bump");
    const { areas, purge } = kernel.dump(kernel.initial(scopeNamed("desk")));
    expect({ lazy: areas.map(({ lazy }) => lazy), purge: purge?.length }).toEqual(expected);
  });

  test("is explored beside the reference, and a shortest history violates what it does not keep", async () => {
    const built = await bumpAllocator();
    const promises = {
      ...derivedFrom("6.12", releaseOf("6.12")),
      labels: ["bump"],
      laws: [...releaseOf("6.12").laws, ...PROCESS_LAWS.map(({ id }) => id)],
      compiled: true,
    } as const;
    const kernel = treeKernel(() => built, promises, "bump");
    const scope = spaceScope({ pages: 3, sizes: 3, aligns: 1, windows: 1, at: MIDDLE });
    const machine = explorableKernel(kernel, scope, { reduced: true });
    const { violations, ended } = explore(machine, {
      bounds: { states: 10_000, bytes: 1e8 },
      enough: () => false,
    });
    const shortest = Object.fromEntries(violations.map(({ law, run }) => [law, run.length]));
    expect(ended).toBe("fixpoint");
    expect(shortest).toEqual({ "no-bug": 1, "lazy-count": 2 });
  });
});
