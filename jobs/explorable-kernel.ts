/** A kernel beside the reference, as `explore` opens it. */

import type { ItfState, ItfValue } from "../adapters/itf.ts";
import { asWritten, formatHistory } from "../adapters/vmap/history-file.ts";
import { placesText } from "../cli/show/state.ts";
import { mapsOf, stepLine } from "../cli/show/step-view.ts";
import { replay } from "../engine/run/stepper.ts";
import { actionsTo, type ShortestBreak } from "../engine/search/explore.ts";
import type { State } from "../kernels/vmap/state.ts";
import { vmapSpec } from "../model/vmap/vmap-spec.ts";
import { sideBySide } from "../properties/vmap/explorable-kernel.ts";
import { historyOf } from "../properties/vmap/history-of.ts";
import { settingFor, type VmapPlayed } from "../properties/vmap/test-bench.ts";
import type { LawId } from "../spec/contract.ts";
import type { Command } from "../spec/vmap/commands.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import { type Dump, heldTo, isPromised, type Kernel } from "../spec/vmap/kernel.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import type { Explorable, Told } from "./explorable.ts";
import { namesOf } from "./hunt-target.ts";
import { inSteps } from "./interleaved-orders.ts";
import { callsIn, parametersFor, refuseMisfits, scopeOf } from "./kernel-scope.ts";

/** The kernel, judged also by the law that was asked for, if one was. */
export function kernelMachine(released: Kernel<State>, law?: LawId): Explorable {
  const kernel = law === undefined ? released : heldTo(released, law);
  return {
    name: kernel.name,
    says: `A kernel beside the reference: every request of the scope, the free of every area, and purges; with blocks also maps, reads, pins and vm_unmap_aliases, with pools that alone.${inSteps(kernel.release)}`,
    parameters: parametersFor(law),
    goesOnAfterBreaks: true,
    hasFootprints: false,
    open: (parameters, { merged }) => {
      const scope = scopeOf(parameters);
      refuseMisfits(scope, [kernel]);
      const machine = sideBySide(kernel, scope, {
        reduced: merged,
        calls: callsIn(scope, parameters.vmap === 1),
      });
      return {
        machine,
        tell: (broken) => {
          const found = told(kernel, scope, machine.commands, broken);
          return { ...found, history: found.history.map(asWritten) };
        },
        label: (state, reached) => label(kernel, scope, machine.commands, actionsTo(reached, state)),
      };
    },
  };
}

/** A break, named and confirmed. Throws an Error if the reference does not confirm it. */
export function told(
  kernel: Kernel<State>,
  scope: Scope,
  commands: readonly Command[],
  { law, run }: ShortestBreak,
): Told & { readonly history: readonly HistoryStep[] } {
  const history = historyOf(commands, run, kernel, scope);
  const played = replay(settingFor(kernel, scope), history, law);
  const last = played.at(-1) as VmapPlayed;
  if (played.length !== history.length || !last.broken.some(({ id }) => id === law)) {
    throw new Error(`vmapcheck itself is wrong: the reference does not confirm that ${law} breaks here`);
  }
  const named = namesOf(kernel, last).find((each) => each.law === law);
  const map = mapsOf(played)[last.index] ?? [];
  const lines = [...played.map((step) => stepLine(step, history.length)), ...map];
  const promised = isPromised(kernel, law);
  const states = statesOf(kernel, scope, commands, run);
  const file = formatHistory({ kernel: kernel.name, law, scope, commands: history });
  return { lines, history, bug: named?.known, listed: named?.listed ?? false, promised, states, file };
}

/** A kernel and the world beside it, from the beginning on. */
function* placesAfter(
  kernel: Kernel<State>,
  scope: Scope,
  commands: readonly Command[],
  run: readonly number[],
) {
  const state = kernel.initial(scope);
  const spec = vmapSpec(kernel.release);
  let world = spec.initial(scope);
  yield { command: undefined, response: undefined, dump: kernel.dump(state), world };
  for (const action of run) {
    const command = commands[action] as Command;
    const response = kernel.act(state, command);
    world = spec.after(world, command, response) ?? world;
    yield { command, response, dump: kernel.dump(state), world };
  }
}

/** Every state on the way. */
function statesOf(
  kernel: Kernel<State>,
  scope: Scope,
  commands: readonly Command[],
  run: readonly number[],
): ItfState[] {
  return [...placesAfter(kernel, scope, commands, run)].map(({ command, response, dump, world }) => {
    const reply = response?.kind === "placed" ? `placed at ${response.start}` : (response?.kind ?? "");
    const variables = { ...variablesOf(dump), reply, drawn: placesText(world, dump) };
    return { action: command?.op ?? "init", variables };
  });
}

function variablesOf({ areas, cache, lazyPages }: Dump): Record<string, ItfValue> {
  return {
    areas: areas.map(({ start, end, lazy }) => ({ start, end, lazy })),
    lazyPages: lazyPages ?? 0,
    // -1 where no area is cached.
    freeVmapCache: cache?.freeVmapCache ?? -1,
    cachedHoleSize: cache?.cachedHoleSize ?? 0,
    cachedVstart: cache?.cachedVstart ?? 0,
    cachedAlign: cache?.cachedAlign ?? 0,
  };
}

function label(
  kernel: Kernel<State>,
  scope: Scope,
  commands: readonly Command[],
  run: readonly number[],
): string[] {
  const places = [...placesAfter(kernel, scope, commands, run)];
  const { world, dump } = places.at(-1) as (typeof places)[number];
  return placesText(world, dump);
}
