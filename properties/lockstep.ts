/** Two kernels given the same commands, as a machine for the explorer: do they answer alike, whatever callers do? */
import { ENDS } from "../engine/batch.ts";
import type { Visitable } from "../engine/explore.ts";
import { DISABLED, visitLive } from "../engine/live.ts";
import { packedSpec } from "../model/packed-spec.ts";
import type { PackedWorld } from "../model/packed-world.ts";
import type { Command, Response } from "../spec/commands.ts";
import type { Kernel } from "../spec/kernel.ts";
import type { Scope } from "../spec/scope.ts";
import { commandsOf, isEnabled, nameOf } from "./callers.ts";

/** The one law of this machine. */
export const ANSWERS_ALIKE = "answers-alike";

interface Pair<S> {
  readonly one: S;
  readonly other: S;
  /** Of both, for as long as they answer alike. */
  world: PackedWorld;
}

/** Callers allocate, free and purge. What one kernel does is followed; where the other differs, a law is broken. */
export function lockstep<S>(one: Kernel<S>, other: Kernel<S>, scope: Scope): Visitable {
  const commands = commandsOf(scope);
  const spec = packedSpec(one.release);
  // Unreduced: what does not matter to one kernel may matter to the other.
  const forms = [one.form(scope, false), other.form(scope, false)] as const;
  return visitLive<Pair<S>>({
    name: `${one.name} and ${other.name}`,
    actions: commands.map(nameOf),
    laws: [{ id: ANSWERS_ALIKE, says: "Both refuse, or place at the same address, and flush alike." }],
    reductions: [],
    words: forms[0].words + forms[1].words,
    initial: () => ({ one: one.initial(scope), other: other.initial(scope), world: spec.initial(scope) }),
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
      if (!isAlike(response, other.act(pair.other, command))) return ENDS | 1;
      const after = spec.after(pair.world, command, response);
      if (after === undefined) return ENDS;
      pair.world = after;
      return 0;
    },
    retake: (pair, action) => {
      const command = commands[action] as Command;
      const response = one.act(pair.one, command);
      other.act(pair.other, command);
      pair.world = spec.after(pair.world, command, response) as PackedWorld;
    },
    form: (pair, into, at) => {
      forms[0].write(pair.one, into, at);
      forms[1].write(pair.other, into, at + forms[0].words);
    },
    witnesses: () => new Map(),
  });
}

function isAlike(one: Response, other: Response): boolean {
  if (one.kind !== other.kind || one.flushes.length !== other.flushes.length) return false;
  if (one.kind === "placed" && other.kind === "placed" && one.start !== other.start) return false;
  return one.flushes.every(({ start, end }, nth) => {
    const flush = other.flushes[nth];
    return flush !== undefined && flush.start === start && flush.end === end;
  });
}
