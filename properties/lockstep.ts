/** Two kernels given the same commands, as a machine for the explorer: do they answer alike, whatever callers do? */
import { ENDS } from "../engine/batch.ts";
import { DISABLED, visitLive } from "../engine/live.ts";
import type { ImmutableWorld } from "../model/immutable-world.ts";
import { vmapSpec } from "../model/vmap-spec.ts";
import type { Command } from "../spec/commands.ts";
import type { Kernel, StateForm } from "../spec/kernel.ts";
import type { Scope } from "../spec/scope.ts";
import { type Call, commandsOf, doAreasAlone, isEnabled, nameOf, OF_AREAS, onEachCpu } from "./callers.ts";
import { bitOf, differences, KINDS, type Kind, PARTS_WAYS } from "./differences.ts";
import { formByHash } from "./hashed-form.ts";
import type { VisitableKernel } from "./side-by-side.ts";

/** The one law of this machine, where it is not asked in what they differ. */
export const ANSWERS_ALIKE = "answers-alike";

/** What of two replies is compared: a law, a bit each. */
interface Compared {
  readonly laws: readonly Kind[];
  /** What is left of the bits of all differences. */
  bits(differing: number): number;
  /** The bits behind which the search does not go on. */
  readonly ends: number;
}

const ALIKE_AT_ALL: Compared = {
  laws: [{ id: ANSWERS_ALIKE, says: "Both refuse, or place at the same address, and flush alike." }],
  bits: (differing) => ((differing & (PARTS_WAYS | bitOf("flush"))) === 0 ? 0 : 1),
  ends: 1,
};

/** A law for each kind of difference. The search goes on behind those after which both still gave out the same. */
const BY_KIND: Compared = { laws: KINDS, bits: (differing) => differing, ends: PARTS_WAYS };

/** Callers allocate, free and purge. What one kernel does is followed; where the other differs, a law is broken. */
export function lockstep<S>(one: Kernel<S>, other: Kernel<S>, scope: Scope): VisitableKernel {
  return machineOf(one, other, scope, OF_AREAS, ALIKE_AT_ALL);
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
  const commands = onEachCpu(scope, commandsOf(scope, calls));
  const spec = vmapSpec(one.release);
  const isExact = doAreasAlone(calls) && scope.cpus === 1 && !scope.outside;
  const { words, hashBits, reductions, write } = isExact
    ? ofBothStates(one, other, scope)
    : hashOfBoth(one, other, calls);
  return {
    commands,
    ...visitLive<Pair<S>>({
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
        const broken = bits(differences(response, other.act(pair.other, command)));
        if ((broken & ends) !== 0) return broken | ENDS;
        const after = spec.after(pair.world, command, response);
        if (after === undefined) return broken | ENDS;
        pair.world = after;
        return broken;
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

/** Where callers map nothing, the world says no more. Unreduced: what one kernel does not mind the other may. */
function ofBothStates<S>(one: Kernel<S>, other: Kernel<S>, scope: Scope): StateForm<Pair<S>> {
  const forms = [one.form(scope, false), other.form(scope, false)] as const;
  return {
    words: forms[0].words + forms[1].words,
    reductions: [],
    write: (pair, into, at) => {
      forms[0].write(pair.one, into, at);
      forms[1].write(pair.other, into, at + forms[0].words);
    },
  };
}

/** One hash of the world and both states. */
function hashOfBoth<S>(one: Kernel<S>, other: Kernel<S>, calls: readonly Call[]): StateForm<Pair<S>> {
  const pins = calls.includes("pin");
  return formByHash((pair, hashing) => {
    one.notes(pair.one, hashing, pins);
    other.notes(pair.other, hashing, pins);
  });
}
