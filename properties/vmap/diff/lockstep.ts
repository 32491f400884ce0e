/** Two kernels that get the same commands, as a machine for the explorer: do they answer alike, whatever callers do? */

import { DISABLED, visitInPlace } from "../../../engine/run/in-place.ts";
import { ENDS } from "../../../engine/search/batch.ts";
import { vmapSpec } from "../../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../../model/vmap/world.ts";
import { AREA_CALLS, type Call } from "../../../spec/vmap/commands/command.ts";
import type { Command } from "../../../spec/vmap/commands.ts";
import type { Kernel } from "../../../spec/vmap/kernel.ts";
import { possibleCpus, type Scope } from "../../../spec/vmap/scope.ts";
import type { VisitableKernel } from "../explorable-kernel.ts";
import { fingerprintWith, type StateFingerprint } from "../state-fingerprint.ts";
import { commandsOf, isEnabled, nameOf } from "../workload.ts";
import { bitOf, differences, KINDS, type Kind, PARTS_WAYS } from "./differences.ts";

/** The one law of this machine, if the kind of difference is not asked for. */
export const ANSWERS_ALIKE = "answers-alike";

/** What of two replies is compared: a law, a bit each. */
interface Compared {
  readonly laws: readonly Kind[];
  /** What is left of the bits of all differences. */
  bits(differing: number): number;
  /** The bits past which the search does not continue. */
  readonly ends: number;
}

const ALIKE_AT_ALL: Compared = {
  laws: [{ id: ANSWERS_ALIKE, says: "Both refuse, or place at the same address, and flush alike." }],
  bits: (differing) => ((differing & (PARTS_WAYS | bitOf("flush"))) === 0 ? 0 : 1),
  ends: 1,
};

/**
 * A law for each kind of difference. The search continues past those after which both still gave out the same
 * addresses.
 */
const BY_KIND: Compared = { laws: KINDS, bits: (differing) => differing, ends: PARTS_WAYS };

/** Callers allocate, free and purge. The machine follows one kernel; where the other differs, a law is violated. */
export function lockstep<S>(one: Kernel<S>, other: Kernel<S>, scope: Scope): VisitableKernel {
  return machineOf(one, other, scope, AREA_CALLS, ALIKE_AT_ALL);
}

/** The same for callers who do more, and the laws say in what the kernels differ. */
export function lockstepByKind<S>(
  one: Kernel<S>,
  other: Kernel<S>,
  scope: Scope,
  calls: readonly Call[],
): VisitableKernel {
  return machineOf(one, other, scope, calls, BY_KIND);
}

interface Pair<S> {
  readonly one: S;
  readonly other: S;
  /** Of the first: of both, for as long as they answer alike. */
  world: ImmutableWorld;
}

function machineOf<S>(
  one: Kernel<S>,
  other: Kernel<S>,
  scope: Scope,
  calls: readonly Call[],
  { laws, bits, ends }: Compared,
): VisitableKernel {
  const commands = commandsOf(scope, calls, false, { cpus: possibleCpus(scope) });
  const spec = vmapSpec(one.release);
  const { words, hashBits, reductions, write } = fingerprintOfPair(one, other, scope, calls);
  return {
    commands,
    ...visitInPlace<Pair<S>>({
      name: `${one.name} and ${other.name}`,
      actions: commands.map(nameOf),
      laws,
      reductions,
      words,
      hashBits,
      initial: () => ({
        one: one.initial(scope),
        other: other.initial(scope),
        world: spec.initial(scope),
      }),
      copy: (pair) => ({ one: one.copy(pair.one), other: other.copy(pair.other), world: pair.world }),
      assign: (to, from) => {
        one.assign(to.one, from.one);
        other.assign(to.other, from.other);
        to.world = from.world;
      },
      take: (pair, action) => {
        const command = commands[action] as Command;
        if (!isEnabled(pair.world, command)) return DISABLED;
        const response = one.act(pair.one, command);
        const violated = bits(differences(response, other.act(pair.other, command)));
        if ((violated & ends) !== 0) return violated | ENDS;
        const after = spec.after(pair.world, command, response);
        if (after === undefined) return violated | ENDS;
        pair.world = after;
        return violated;
      },
      retake: (pair, action) => {
        const command = commands[action] as Command;
        const response = one.act(pair.one, command);
        other.act(pair.other, command);
        pair.world = spec.after(pair.world, command, response) as ImmutableWorld;
      },
      form: write,
      witnesses: () => new Map(),
    }),
  };
}

/** Of the world and both states. Nothing is merged: one kernel may depend on what the other ignores. */
function fingerprintOfPair<S>(
  one: Kernel<S>,
  other: Kernel<S>,
  scope: Scope,
  calls: readonly Call[],
): StateFingerprint<Pair<S>> {
  const callers = { pin: calls.includes("pin"), areasAlone: false };
  const [ofOne, ofOther] = [one.identity(scope, callers), other.identity(scope, callers)];
  return fingerprintWith((pair, to) => {
    ofOne.add(pair.one, to);
    ofOther.add(pair.other, to);
  });
}
