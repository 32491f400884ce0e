/** Plans that need no file. */
import type { Plan, PlannedJob } from "../../adapters/campaign-file.ts";
import { canBeCompared } from "../diff.ts";
import { orNearest } from "../usage-error.ts";
import { allWings } from "../wings.ts";

const PRESETS: Readonly<Record<string, (seed: number) => Promise<Plan>>> = { smoke, nightly };

export const PRESET_NAMES: readonly string[] = Object.keys(PRESETS);

/** A preset by its name. Throws a UsageError with the nearest right word. */
export function presetCalled(name: string, seed: number): Promise<Plan> {
  return orNearest("preset", name, (word) => PRESETS[word], PRESET_NAMES)(seed);
}

/** Something of each kind, within a minute. */
async function smoke(seed: number): Promise<Plan> {
  return {
    name: "smoke",
    seed,
    jobs: [
      ...["2.6.28", "2.6.39", "6.1"].map((subject): PlannedJob => ({ kind: "check", subject, runs: 30 })),
      ...["A7", "A11", "C7"].map((bug): PlannedJob => ({ kind: "hunt", bug, runs: 20_000 })),
      { kind: "explore", machine: "lazy-unmap" },
      { kind: "explore", machine: "2.6.39", scope: "pages=4,windows=1" },
      { kind: "swarm", machine: "lazy-unmap", states: 2000, seeds: 2 },
      { kind: "diff", one: "2.6.37", other: "2.6.39", runs: 100 },
    ],
  };
}

/** Every release, bug and neighbouring pair of every wing, from several seeds: some hours on two cores. */
async function nightly(seed: number): Promise<Plan> {
  const wings = await allWings();
  const kernels = wings.map((wing) => wing.kernels.map(({ name }) => name));
  const neighbours = kernels.flatMap((names) =>
    names.slice(1).map((other, nth) => [names[nth] as string, other] as const),
  );
  // The last release of an architecture and the first of another run in no common place.
  const pairs: (readonly [string, string])[] = [];
  for (const pair of neighbours) if (await canBeCompared(...pair)) pairs.push(pair);
  return {
    name: "nightly",
    seed,
    jobs: [
      ...kernels.flat().map((subject): PlannedJob => ({ kind: "check", subject, seeds: 10 })),
      ...wings.flatMap(({ bugs }) =>
        bugs.map(({ id }): PlannedJob => ({ kind: "hunt", bug: id, seeds: 20 })),
      ),
      ...kernels.flat().map((machine): PlannedJob => ({ kind: "explore", machine, states: 5_000_000 })),
      ...pairs.map(([one, other]): PlannedJob => ({ kind: "diff", one, other, runs: 20_000, seeds: 3 })),
    ],
  };
}
