/** Every bug that shows at the step grain, of all wings. */
import { INTERLEAVED as GATHER } from "./gather/interleavings.ts";
import type { InterleavedBug } from "./interleaved.ts";
import { INTERLEAVED as VMAP } from "./vmap/interleavings.ts";

export const INTERLEAVED: readonly InterleavedBug[] = [...VMAP, ...GATHER];

/** The wing of a bug: the folder of its pinned runs. */
export const wingOfInterleaved = ({ id }: Pick<InterleavedBug, "id">): "vmap" | "gather" =>
  GATHER.some((bug) => bug.id === id) ? "gather" : "vmap";

/** The bug with this slug or number, or undefined. */
export function interleavedCalled(name: string): InterleavedBug | undefined {
  return INTERLEAVED.find((bug) => bug.id === name || bug.number === name.toUpperCase());
}

/** Conditions that must end are checked for each CPU. Which CPU it is makes no difference. */
const ofAnyCpu = (law: string) => law.replace(/-\d+$/, "");

/** The bug that violates this law in this protocol; the first of several. */
export function nameInterleaved(protocol: string, law: string): string | undefined {
  const accounts = ({ violations }: InterleavedBug) =>
    violations.some(
      (each) =>
        ofAnyCpu(each.law) === ofAnyCpu(law) && [each.protocol, ...(each.also ?? [])].includes(protocol),
    );
  return INTERLEAVED.find(accounts)?.id;
}
