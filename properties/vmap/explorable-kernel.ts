/**
 * A kernel beside the reference, as a machine for the explorer: its actions are what callers do on a machine of some
 * scope; every reply is judged by all that the release promises. At the fixpoint the verdict holds for histories of
 * every length.
 */

import { DISABLED, type InPlaceMachine, visitInPlace } from "../../engine/run/in-place.ts";
import { ENDS } from "../../engine/search/batch.ts";
import type { Visitable } from "../../engine/search/visitable.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { LawId } from "../../spec/contract.ts";
import { AREA_CALLS, type Call } from "../../spec/vmap/commands/command.ts";
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

/** Not a law of any kernel: judged in addition if the catalogue can say which violations are known. */
export const EXPLAINED = {
  id: "known-to-the-catalogue",
  says: "Every violation is explained by a bug of the catalogue.",
} as const;

export interface ExplorableOptions {
  /** For callers that do areas alone: merges states that no later reply to them distinguishes. */
  readonly reduced: boolean;
  /** Which violations count: a kernel may have several bugs that violate one law. All, if not given. */
  readonly counts?: (law: LawId, seen: Seen) => boolean;
  /**
   * Whether the catalogue explains all violations of a reply. If given, one law more is judged: that it does. So an
   * unknown violation is found although others violate the same law before it.
   */
  readonly explains?: (seen: Seen) => boolean;
  /** What callers do. If not given, they allocate, free and purge. */
  readonly calls?: readonly Call[];
  /**
   * Explores past every violation as long as the kernel answers, as a replay does that looks for one law. Nothing is
   * merged then: after such a violation a kernel's states may differ in more than the reductions allow.
   */
  readonly beyondViolations?: boolean;
}

/** A reply that violated a law. */
export interface Seen {
  readonly before: World;
  readonly command: Command;
  readonly response: Response;
  readonly after: World | undefined;
  /** All laws that this reply violated. */
  readonly violated: readonly VmapLaw[];
}

/** The machine as an explorer visits it, and the commands that its actions are. */
export type VisitableKernel = Visitable & { readonly commands: readonly Command[] };

/** Throws a RangeError where the scope has too many commands. */
export function explorableKernel<S>(
  kernel: Kernel<S>,
  scope: Scope,
  options: ExplorableOptions,
): VisitableKernel {
  const { calls = AREA_CALLS, beyondViolations = false } = options;
  return {
    ...visitInPlace(liveKernel(kernel, scope, options)),
    commands: commandsTo(kernel.release, scope, calls, beyondViolations),
  };
}

export function liveKernel<S>(
  kernel: Kernel<S>,
  scope: Scope,
  { reduced, counts, explains, calls = AREA_CALLS, beyondViolations = false }: ExplorableOptions,
): InPlaceMachine<KernelAndWorld<S>> {
  const commands = commandsTo(kernel.release, scope, calls, beyondViolations);
  const laws = lawsTried(lawsCalled(kernel.promises), calls, scope);
  const spec = vmapSpec(kernel.release);
  // With pools on several CPUs a verdict also depends on what the judge knows of them, not only on the kernel's state.
  const hasPools = kernel.release.pools !== "none" && scope.cpus > 1;
  const merges = reduced && doAreasAlone(calls) && !beyondViolations && !hasPools && scope.outside !== true;
  const form = merges ? fingerprintOfAreas(kernel, scope) : fingerprintOfBoth(kernel, scope, calls);
  const witnesses = new Witnessing(kernel, calls, scope);
  const spoils = beyondViolations ? 0 : spoilingBits(laws);
  return {
    name: kernel.name,
    actions: commands.map(nameOf),
    laws: explains === undefined ? laws : [...laws, EXPLAINED],
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
      const violated = violatedLaws(laws, before, command, response, after);
      witnesses.look(both.state, before, command, response, after);
      if (after !== undefined) both.world = after;
      if (violated === 0) return after === undefined ? ENDS : 0;
      let outcome = violated;
      if (counts !== undefined || explains !== undefined) {
        const seen = { before, command, response, after, violated: lawsOf(laws, violated) };
        if (counts !== undefined) outcome = counted(laws, violated, counts, seen);
        if (explains !== undefined && !explains(seen)) outcome |= 1 << laws.length;
      }
      return after === undefined || (violated & spoils) !== 0 ? outcome | ENDS : outcome;
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

/** The search does not continue past these, so a fixpoint covers all histories up to the first such violation. */
function spoilingBits(laws: readonly VmapLaw[]): number {
  return laws.reduce((bits, each, law) => (isFollowed(each, "explored") ? bits : bits | (1 << law)), 0);
}

function violatedLaws(
  laws: readonly VmapLaw[],
  before: ImmutableWorld,
  command: Command,
  response: Response,
  after: ImmutableWorld | undefined,
): number {
  let violated = 0;
  for (let law = 0; law < laws.length; law++) {
    if (!(laws[law] as VmapLaw).holds(before, command, response, after)) violated |= 1 << law;
  }
  return violated;
}

/** The laws whose bits are set. */
function lawsOf(laws: readonly VmapLaw[], bits: number): readonly VmapLaw[] {
  return laws.filter((_each, law) => ((bits >> law) & 1) === 1);
}

/** The bits of those violations that count. */
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
