/** A gather beside its judge, and how histories of its callers are drawn and shrunk. */
import fc from "fast-check";
import { gatherSpec } from "../../model/gather/after.ts";
import { choosing, type HistoryStep, isEnabled, naming, simpler } from "../../spec/gather/commands.ts";
import { lawsCalled } from "../../spec/gather/laws/index.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import { scopesFor } from "../../spec/gather/scopes.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import { witnessesFor } from "../../spec/gather/witnesses.ts";
import type { World } from "../../spec/gather/world.ts";
import type { Bench, Histories, Kernel } from "../../spec/wing.ts";

export function benchFor(kernel: Kernel<GatherTerms>, scope: Scope): Bench<GatherTerms> {
  const chosen = choosing(scope, kernel.release);
  const bench = {
    machine: kernel,
    spec: gatherSpec(kernel.release),
    laws: lawsCalled(kernel.promises),
    naming: { ...naming, named: (_names: null, command: HistoryStep) => command },
    scope,
    resolve: (choice: number, world: World) => chosen(world, choice),
    simpler,
  };
  return { ...bench, isWellFormed: (history) => keepsTheRules(bench, history) };
}

/** Whether callers who keep the rules make this history: that depends on what the kernel replies. */
function keepsTheRules(
  { machine, spec, scope }: Pick<Bench<GatherTerms>, "machine" | "spec" | "scope">,
  history: readonly HistoryStep[],
): boolean {
  const state = machine.initial(scope);
  let world = spec.initial(scope);
  for (const command of history) {
    if (!isEnabled(world, command)) return false;
    const after = spec.after(world, command, machine.act(state, command));
    if (after === undefined) return false;
    world = after;
  }
  return true;
}

export const HISTORIES: Histories<GatherTerms> = {
  bench: benchFor,
  scopesFor: ({ release }, law, unchecked) => scopesFor(release, law, unchecked),
  inEachScope: (histories) => Math.ceil(histories / 5),
  choices: (_scope, { shortest = 1, longest }) =>
    fc.array(fc.noBias(fc.nat()), { minLength: shortest, maxLength: longest, size: "max" }),
  drawings: (histories) => [{ name: "as check draws", histories, longest: 60 }],
  beside: () => [],
  witnesses: ({ release }) => witnessesFor(release),
};
