/**
 * A kernel beside the reference, as a machine for the explorer: its actions are what callers do on a machine of some
 * scope; every reply is judged by all that the release promises. At the fixpoint the verdict holds for histories of
 * every length.
 */

import { DISABLED, type InPlaceMachine, visitInPlace } from "../../engine/run/in-place.ts";
import { ENDS } from "../../engine/search/batch.ts";
import type { Visitable } from "../../engine/search/explore.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { LawId } from "../../spec/contract.ts";
import { type Call, OF_AREAS } from "../../spec/vmap/commands/command.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled, lawsTried } from "../../spec/vmap/laws/index.ts";
import { isFollowed, type VmapLaw } from "../../spec/vmap/laws/law.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { World } from "../../spec/vmap/world.ts";
import {
  doAreasAlone,
  fingerprintOfAreas,
  fingerprintOfBoth,
  type KernelAndWorld,
} from "./state-fingerprint.ts";
import { Witnessing } from "./witnessing.ts";
import { commandsTo, isEnabled, nameOf } from "./workload.ts";

/** Not a law of any kernel: asked beside them where somebody can tell which breaks are known. */
export const KNOWN_TO_CATALOGUE = {
  id: "known-to-the-catalogue",
  says: "Every break is accounted for by a bug of the catalogue.",
} as const;

export interface SideBySide {
  /** Where callers do areas alone: merges states that no later reply to them tells apart. */
  readonly reduced: boolean;
  /** Which breaks count: a kernel may have several bugs that break one law. All, if not given. */
  readonly counts?: (law: LawId, seen: Seen) => boolean;
  /**
   * Whether the catalogue accounts for all that a reply broke. If given, one law more is asked: that it does. So a
   * break that nobody knows is met although others break the same law before it.
   */
  readonly explains?: (seen: Seen) => boolean;
  /** What callers do. If not given, they allocate, free and purge. */
  readonly calls?: readonly Call[];
  /**
   * Explores past every violation for as long as the kernel answers, as a replay does that looks for one law. Nothing
   * is merged then: what a kernel has come to past such a violation may tell more states apart.
   */
  readonly beyondBreaks?: boolean;
}

/** A reply that broke something. */
export interface Seen {
  readonly before: World;
  readonly command: Command;
  readonly response: Response;
  readonly after: World | undefined;
  /** All that this reply broke. */
  readonly broken: readonly VmapLaw[];
}

/** The machine as an explorer visits it, and the commands that its actions are. */
export type VisitableKernel = Visitable & { readonly commands: readonly Command[] };

/** Throws a RangeError where the scope has too many commands. */
export function sideBySide<S>(kernel: Kernel<S>, scope: Scope, options: SideBySide): VisitableKernel {
  const { calls = OF_AREAS, beyondBreaks = false } = options;
  return {
    ...visitInPlace(liveKernel(kernel, scope, options)),
    commands: commandsTo(kernel.release, scope, calls, beyondBreaks),
  };
}

export function liveKernel<S>(
  kernel: Kernel<S>,
  scope: Scope,
  { reduced, counts, explains, calls = OF_AREAS, beyondBreaks = false }: SideBySide,
): InPlaceMachine<KernelAndWorld<S>> {
  const commands = commandsTo(kernel.release, scope, calls, beyondBreaks);
  const laws = lawsTried(lawsCalled(kernel.promises), calls, scope);
  const spec = vmapSpec(kernel.release);
  // With pools on several CPUs a verdict depends on more than the kernel's state: on what the judge knows of them.
  const hasPools = kernel.release.pools !== "none" && scope.cpus > 1;
  const merges = reduced && doAreasAlone(calls) && !beyondBreaks && !hasPools && scope.outside !== true;
  const form = merges ? fingerprintOfAreas(kernel, scope) : fingerprintOfBoth(kernel, scope, calls);
  const witnesses = new Witnessing(kernel, calls, scope);
  const spoils = beyondBreaks ? 0 : spoilingBits(laws);
  return {
    name: kernel.name,
    actions: commands.map(nameOf),
    laws: explains === undefined ? laws : [...laws, KNOWN_TO_CATALOGUE],
    reductions: form.reductions,
    words: form.words,
    hashBits: form.hashBits,
    initial: () => ({ state: kernel.initial(scope), world: spec.initial(scope) }),
    copy: ({ state, world }) => ({ state: kernel.copy(state), world }),
    assign: (to, from) => {
      kernel.assign(to.state, from.state);
      to.world = from.world;
    },
    take: (both, action) => {
      const command = commands[action] as Command;
      const { world: before } = both;
      if (!isEnabled(before, command)) return DISABLED;
      const response = kernel.act(both.state, command);
      const after = spec.after(before, command, response);
      const broken = brokenLaws(laws, before, command, response, after);
      witnesses.look(both.state, before, command, response, after);
      if (after !== undefined) both.world = after;
      if (broken === 0) return after === undefined ? ENDS : 0;
      let outcome = broken;
      if (counts !== undefined || explains !== undefined) {
        const seen = { before, command, response, after, broken: lawsOf(laws, broken) };
        if (counts !== undefined) outcome = counted(laws, broken, counts, seen);
        if (explains !== undefined && !explains(seen)) outcome |= 1 << laws.length;
      }
      return after === undefined || (broken & spoils) !== 0 ? outcome | ENDS : outcome;
    },
    retake: (both, action) => {
      const command = commands[action] as Command;
      const response = kernel.act(both.state, command);
      both.world = spec.after(both.world, command, response) as ImmutableWorld;
    },
    form: form.write,
    witnesses: () => witnesses.seen,
  };
}

/** The search does not continue after these, so a fixpoint speaks of all histories up to the first such violation. */
function spoilingBits(laws: readonly VmapLaw[]): number {
  return laws.reduce((bits, each, law) => (isFollowed(each, "explored") ? bits : bits | (1 << law)), 0);
}

function brokenLaws(
  laws: readonly VmapLaw[],
  before: ImmutableWorld,
  command: Command,
  response: Response,
  after: ImmutableWorld | undefined,
): number {
  let broken = 0;
  for (let law = 0; law < laws.length; law++) {
    if (!(laws[law] as VmapLaw).holds(before, command, response, after)) broken |= 1 << law;
  }
  return broken;
}

/** The laws whose bits are set. */
function lawsOf(laws: readonly VmapLaw[], bits: number): readonly VmapLaw[] {
  return laws.filter((_each, law) => ((bits >> law) & 1) === 1);
}

/** The bits of those breaks that count. */
function counted(
  laws: readonly VmapLaw[],
  bits: number,
  counts: (law: LawId, seen: Seen) => boolean,
  seen: Seen,
): number {
  let counting = 0;
  for (let law = 0; law < laws.length; law++) {
    if ((bits >> law) & 1 && counts((laws[law] as VmapLaw).id, seen)) counting |= 1 << law;
  }
  return counting;
}
