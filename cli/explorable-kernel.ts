/** A kernel beside the reference, as `explore` opens it. */
import { bugCalled } from "../counterexamples/index.ts";
import type { Break, Reached } from "../engine/explore.ts";
import type { ItfState, ItfValue } from "../engine/itf.ts";
import { replay } from "../engine/stepper.ts";
import type { State } from "../kernels/state.ts";
import { historyOf } from "../properties/history-of.ts";
import { settingFor, type VmapPlayed } from "../properties/setting.ts";
import { commandsOf, sideBySide } from "../properties/side-by-side.ts";
import { MIDDLE, spaceScope } from "../properties/spaces.ts";
import type { Command } from "../spec/commands.ts";
import type { HistoryStep } from "../spec/history.ts";
import type { Dump, Kernel } from "../spec/kernel.ts";
import type { Scope } from "../spec/scope.ts";
import { namesOf } from "./bug-quarry.ts";
import type { Explorable, Parameter, Told } from "./explorable.ts";
import { runTo } from "./explorable.ts";
import { mapsOf, stepLine } from "./show/played.ts";

const PARAMETERS: Readonly<Record<string, Parameter>> = {
  pages: { counts: "pages in the space", usual: 6, least: 3, most: 40 },
  sizes: { counts: "sizes asked for, from 1 page on; 0 for all", usual: 0, least: 0, most: 40 },
  aligns: { counts: "alignments asked for: 1, 2, 4, 8 pages", usual: 4, most: 4 },
  windows: {
    counts: "windows: the whole, its upper half, one from an odd page, a short one at the top",
    usual: 4,
    most: 4,
  },
  top: { counts: "whether the space ends at the top of the word", usual: 0, least: 0, most: 1 },
};

export function kernelMachine(kernel: Kernel<State>): Explorable {
  return {
    name: kernel.name,
    says: "A kernel beside the reference: every request of the scope, the free of every area, and purges, for histories of every length.",
    parameters: PARAMETERS,
    goesOnAfterBreaks: true,
    open: (parameters, merged) => {
      const scope = scopeOf(parameters);
      const machine = sideBySide(kernel, scope, { reduced: merged });
      return {
        machine,
        tell: (broken) => told(kernel, scope, broken),
        label: (state, reached) => label(kernel, scope, state, reached),
      };
    },
  };
}

/** The scope of these parameters, as it may be typed again. */
export function scopeOf({ pages, sizes, aligns, windows, top }: Readonly<Record<string, number>>): Scope {
  return spaceScope({
    pages: pages as number,
    sizes: sizes === 0 ? (pages as number) : Math.min(sizes as number, pages as number),
    aligns: aligns as number,
    windows: windows as number,
    at: top === 1 ? "top" : MIDDLE,
  });
}

/** A break, named and confirmed. Throws an Error if the reference does not confirm it. */
export function told(
  kernel: Kernel<State>,
  scope: Scope,
  { law, run }: Break,
): Told & { readonly history: readonly HistoryStep[] } {
  const history = historyOf(commandsOf(scope), run, kernel, scope);
  const played = replay(settingFor(kernel, scope), history, law);
  const last = played.at(-1) as VmapPlayed;
  if (played.length !== history.length || !last.broken.some(({ id }) => id === law)) {
    throw new Error(`vmapcheck itself is wrong: the reference does not confirm that ${law} breaks here`);
  }
  // Whatever a kernel with one step replaced breaks is that step's doing.
  const bug = namesOf(kernel, last).find((each) => each.law === law)?.known ?? bugCalled(kernel.name)?.id;
  const map = mapsOf(played)[last.index] ?? [];
  const lines = [...played.map((step) => stepLine(step, history.length)), ...map];
  return { lines, history, bug, states: statesOf(kernel, scope, run) };
}

/** Every state on the way, as the kernel has it. */
function statesOf(kernel: Kernel<State>, scope: Scope, run: readonly number[]): ItfState[] {
  const commands = commandsOf(scope);
  const state = kernel.initial(scope);
  const states = [{ action: "init", variables: variablesOf(kernel.dump(state), "") }];
  for (const action of run) {
    const command = commands[action] as Command;
    const response = kernel.act(state, command);
    const reply = response.kind === "placed" ? `placed at ${response.start}` : response.kind;
    states.push({ action: command.op, variables: variablesOf(kernel.dump(state), reply) });
  }
  return states;
}

function variablesOf({ areas, cache, lazyPages }: Dump, reply: string): Record<string, ItfValue> {
  return {
    areas: areas.map(({ start, end, lazy }) => ({ start, end, lazy })),
    lazyPages: lazyPages ?? 0,
    // -1 where no area is cached.
    freeVmapCache: cache?.freeVmapCache ?? -1,
    cachedHoleSize: cache?.cachedHoleSize ?? 0,
    cachedVstart: cache?.cachedVstart ?? 0,
    cachedAlign: cache?.cachedAlign ?? 0,
    reply,
  };
}

function label(kernel: Kernel<State>, scope: Scope, number: number, reached: Reached): string[] {
  const commands = commandsOf(scope);
  const state = kernel.initial(scope);
  for (const action of runTo(number, reached)) kernel.act(state, commands[action] as Command);
  const { areas, cache } = kernel.dump(state);
  const drawn = areas.map(({ start, end, lazy }) => `${start}-${end}${lazy ? " lazy" : ""}`).join(", ");
  const cached = cache?.freeVmapCache ?? null;
  return [
    drawn === "" ? "empty" : drawn,
    ...(cached === null ? [] : [`cache ${cached}, hole ${cache?.cachedHoleSize}`]),
  ];
}
