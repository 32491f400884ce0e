/** What the pools of one node hide from callers on another, which no release promises not to: in as few commands as can be. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { formatHistory, readHistory } from "../adapters/history-file.ts";
import { explore } from "../engine/explore.ts";
import { replay } from "../engine/stepper.ts";
import { KERNELS } from "../kernels/index.ts";
import type { State } from "../kernels/state.ts";
import type { Kernel } from "../spec/kernel.ts";
import { lawsCalled } from "../spec/laws/index.ts";
import type { Scope } from "../spec/scope.ts";
import type { Call } from "./callers.ts";
import { settingFor } from "./setting.ts";
import { type Seen, sideBySide } from "./side-by-side.ts";
import { areasScope, MIDDLE } from "./spaces.ts";

const LAW = "pools-hide-no-room";
const CALLS: readonly Call[] = ["alloc", "purge", "unmapAliases"];
const THREE_PAGES: Scope = {
  ...areasScope({ pages: 3, sizes: 3, aligns: 1, windows: 1, at: MIDDLE }, 2),
  lazyMaxPages: 1,
};

const kernelCalled = (label: string) => KERNELS.find(({ name }) => name === label) as Kernel<State>;
/** The kernel as if it promised the law. */
const heldToIt = (kernel: Kernel<State>) => ({ ...kernel, promises: [...kernel.promises, LAW] });
const pinned = (name: string) =>
  readHistory(fileURLToPath(new URL(`../docs/shortfalls/${LAW}/${name}.json`, import.meta.url)));

function explored(kernel: Kernel<State>, scope: Scope, counts: (seen: Seen) => boolean) {
  const machine = sideBySide(heldToIt(kernel), scope, {
    reduced: true,
    calls: CALLS,
    counts: (law, seen) => law !== LAW || counts(seen),
  });
  const bounds = { states: 1e5, milliseconds: 120_000, bytes: 1e9 };
  const { ended, breaks } = explore(machine, { bounds, enough: () => false });
  expect(ended).toBe("fixpoint");
  return Object.fromEntries(breaks.map(({ law, run }) => [law, run.length]));
}

describe.each([
  // aa.   the pool of CPU 0 has two of three pages, and CPU 1, which cannot wait, is refused two
  ["refused", "6.19"],
  // .aa   with one page lazy below them: CPU 1 flushes and purges to be given two
  ["purged", "6.12"],
  ["purged", "6.19"],
] as const)("somebody is %s on %s", (what, label) => {
  const kernel = kernelCalled(label);

  test("although a pool has the room: the pinned history ends so", async () => {
    const { scope, commands } = await pinned(what);
    const played = replay({ ...settingFor(kernel, scope), laws: lawsCalled([LAW]) }, commands);
    expect(played.map(({ broken }) => broken.length)).toEqual([...commands.slice(1).map(() => 0), 1]);
    const { response } = played.at(-1) as (typeof played)[number];
    expect(response?.kind).toBe(what === "refused" ? "refused" : "placed");
  });

  test("and none is shorter in its space", async () => {
    const { commands } = await pinned(what);
    const shortest = explored(kernel, THREE_PAGES, ({ response }) =>
      what === "refused" ? response.kind === "refused" : response.kind === "placed",
    );
    expect(shortest).toEqual({ [LAW]: commands.length });
  });
});

test("nobody who can wait is refused for the pools, whatever happened before", () => {
  for (const label of ["6.12", "6.19"]) {
    const turnedAway = ({ command, response }: Seen) =>
      response.kind === "refused" && command.op === "alloc" && command.noblock !== true;
    expect(explored(kernelCalled(label), THREE_PAGES, turnedAway)).toEqual({});
  }
});

test("before 6.9 nothing is hidden: 6.5 keeps it", () => {
  const noPools = { ...kernelCalled("6.5"), release: { ...kernelCalled("6.5").release, noblock: true } };
  expect(explored(noPools, THREE_PAGES, () => true)).toEqual({});
});

test("the pinned files are as they would be written", async () => {
  for (const name of ["refused", "purged"]) {
    const file = await pinned(name);
    expect(formatHistory(file)).toContain('"vmalloc":{"vstart":16,"vend":19}');
  }
});
