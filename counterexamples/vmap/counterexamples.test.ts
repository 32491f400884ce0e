import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readHistory } from "../../adapters/vmap/history-file.ts";
import { replay } from "../../engine/run/stepper.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { kernelNamed } from "../../jobs/names.ts";
import { allPinned, pinnedFile } from "../../jobs/pin/pinned.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { benchFor, type JudgedStep } from "../../properties/vmap/test-bench.ts";
import { naming } from "../../spec/vmap/history.ts";
import { judgedAlsoBy } from "../../spec/vmap/kernel.ts";
import { LAWS } from "../../spec/vmap/laws/index.ts";
import { CANARIES } from "./controls/canaries.ts";
import { BUGS } from "./index.ts";
import { INTERLEAVED } from "./interleavings.ts";

/** The shortest lengths known, a number for each law in the catalogue's order; shorter ones are welcome. */
const SHORTEST_KNOWN: Readonly<Record<string, readonly number[]>> = {
  "va-gap-offbyone": [3],
  "va-restart-from-end": [3],
  "va-no-wrap-check": [1, 1, 2, 3],
  "va-leak-on-enospc": [1],
  "cache-draft-range-bugon": [2],
  "cache-draft-align-bugon": [3],
  "cache-draft-guard-forgotten": [2],
  "cache-exact-hole-missed": [3, 3, 4, 3, 3],
  "wrap-size-minus-one": [1, 1, 2, 3],
  "align-wrap-to-zero": [1, 1, 2, 2, 2, 2, 3, 3],
  "aug-align-overhead": [4, 5, 4, 4, 4, 4],
  "aug-percpu-jump": [2, 2, 3, 2],
  "no-guard-adjacency": [2],
  "guard-between-areas": [2, 2],
  "purge-list-uaf": [2],
  "vunmap-no-cache-flush": [3],
  "lazy-pte-live-alias": [2],
  "aliases-before-init": [1, 1],
  "nodes-before-init": [1, 1],
  "purge-flushes-per-area": [2],
  "vb-fragment-exhaustion": [3],
  "vb-head-insert-exhaustion": [10],
  "vb-dirtymap-word-cross": [5, 4],
  "vb-full-block-stale": [5, 4, 4],
  "vb-fragment-double-walk": [3],
  "va-pools-hide-room": [5, 3],
  "va-pool-gives-higher": [5],
  "vb-dirty-reflushed": [5, 4],
  "vb-hash-gap-cpu": [1],
  "vb-alloc-zero": [1],
  "vb-dirty-purged-around": [7],
  "vmlist-overruns-end": [2],
  "vmlist-end-underflow": [1],
  "cache-no-vstart-test": [2],
  "cache-no-align-test": [2],
  "cache-free-leaves-it": [4],
  "cache-free-moves-it-up": [4],
  "aug-search-unshifted": [3, 5],
  "va-notifier-frees-nothing": [1],
  "alloc-of-nothing": [1],
  "unmap-ram-unchecked": [2],
  "vb-free-counted-twice": [4],
  "vfree-inside-obeyed": [2],
  "vfree-unlinks-any": [3, 3],
  "vfree-of-none-read": [1],
};

const lastOf = (played: readonly JudgedStep[]): JudgedStep => played.at(-1) as JudgedStep;

describe.each(allPinned({ bugs: BUGS }))("$bug.id, pinned in $pinned.pinned", ({ bug, pinned }) => {
  const history = () => readHistory(pinnedFile(bug, pinned));

  test.each(pinned.on)(
    `${bug.id}/${pinned.pinned} violates ${pinned.law} on %s with its last command, and is attributed to ${bug.id}`,
    async (label) => {
      const { scope, commands } = await history();
      const kernel = judgedAlsoBy(kernelNamed(label), pinned.law);
      const last = lastOf(replay(benchFor(kernel, scope), commands, pinned.law));
      expect(last.index).toBe(commands.length - 1);
      expect(namesOf(OPEN_VMAP, kernel, last)).toContainEqual({
        law: pinned.law,
        known: bug.id,
        listed: true,
      });
    },
  );

  test(`The repaired kernel keeps every law in ${bug.id}/${pinned.pinned}`, async () => {
    const { scope, commands } = await history();
    const played = replay(benchFor(judgedAlsoBy(pinned.repaired, pinned.law), scope), commands);
    expect(played).toHaveLength(commands.length);
    expect(lastOf(played).violated).toEqual([]);
    expect(lastOf(played).after).toBeDefined();
  });

  test(`${bug.id}/${pinned.pinned} needs each of its commands`, async () => {
    const { scope, commands, kernel: label } = await history();
    const kernel = judgedAlsoBy(kernelNamed(label), pinned.law);
    for (let index = 0; index < commands.length; index++) {
      const shorter = naming.without(commands, new Set([index]));
      const played = replay(benchFor(kernel, scope), shorter, pinned.law);
      const stillViolates = played.some((step) =>
        namesOf(OPEN_VMAP, kernel, step).some((each) => each.law === pinned.law && each.known === bug.id),
      );
      expect(stillViolates).toBe(false);
    }
  });

  test(`${bug.id}/${pinned.pinned} names its kernel and its law`, async () => {
    const { law, kernel } = await history();
    expect({ law, listed: pinned.on.includes(kernel) }).toEqual({ law: pinned.law, listed: true });
  });
});

describe("the catalogue", () => {
  test.each(BUGS)("The catalogue's histories of $id are no longer than the shortest known", async (bug) => {
    const lengths = await Promise.all(
      bug.violations.map(async (pinned) => (await readHistory(pinnedFile(bug, pinned))).commands.length),
    );
    const known = SHORTEST_KNOWN[bug.id] ?? [];
    expect(lengths).toHaveLength(known.length);
    for (const [at, length] of lengths.entries()) expect(length).toBeLessThanOrEqual(known[at] as number);
  });

  test("The catalogue has a bug for every folder, and a folder for every bug", () => {
    const folders = readdirSync(new URL(".", import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !["controls", "evidence"].includes(entry.name))
      .map((entry) => entry.name);
    const bugs = new Set([...BUGS, ...INTERLEAVED].map(({ id }) => id));
    expect(folders.sort()).toEqual([...bugs].sort());
  });

  test("The catalogue pins every history that lies in its folders", () => {
    for (const id of new Set([...BUGS, ...INTERLEAVED].map((bug) => bug.id))) {
      const files = readdirSync(new URL(`./${id}/`, import.meta.url)).filter((name) =>
        name.endsWith(".json"),
      );
      const grains = [BUGS.find((bug) => bug.id === id), INTERLEAVED.find((bug) => bug.id === id)];
      const pinned = grains.flatMap((bug) => bug?.violations.map((each) => each.pinned) ?? []);
      expect(files.sort()).toEqual(pinned.sort());
    }
  });

  test("The bugs of the catalogue and the canaries violate every law", () => {
    const violated = new Set([
      ...BUGS.flatMap((bug) => bug.violations.map(({ law }) => law)),
      ...CANARIES.map(({ law }) => law),
    ]);
    expect(LAWS.map(({ id }) => id).filter((id) => !violated.has(id))).toEqual([]);
  });

  test("The catalogue has an entry in docs/catalogue.md for every bug with a number, and names every other", () => {
    const text = readFileSync(new URL("../../docs/catalogue.md", import.meta.url), "utf8");
    const missing = [...BUGS, ...INTERLEAVED].filter(({ id, number }) =>
      number === undefined || (number === "C9" && id !== "vb-dirty-reflushed")
        ? !text.includes(id) && !id.startsWith("cache-")
        : !text.includes(`${number} ${id}`),
    );
    expect(missing.map(({ id }) => id)).toEqual([]);
  });

  test("The catalogue names no bug twice, by slug or by number", () => {
    const names = BUGS.flatMap((bug) => [bug.id, ...(bug.number === undefined ? [] : [bug.number])]);
    expect(new Set(names).size).toBe(names.length);
  });
});
