/** A kernel beside the reference, as `explore` opens it. */
import { bugCalled } from "../counterexamples/index.ts";
import { actionsTo, type ShortestBreak } from "../engine/explore.ts";
import type { ItfState, ItfValue } from "../engine/itf.ts";
import { replay } from "../engine/stepper.ts";
import type { State } from "../kernels/state.ts";
import type { Call } from "../properties/callers.ts";
import { historyOf } from "../properties/history-of.ts";
import { settingFor, type VmapPlayed } from "../properties/setting.ts";
import { sideBySide } from "../properties/side-by-side.ts";
import { blocksScope, MIDDLE, type Space, spaceScope } from "../properties/spaces.ts";
import type { Command } from "../spec/commands.ts";
import type { HistoryStep } from "../spec/history.ts";
import type { Dump, Kernel } from "../spec/kernel.ts";
import type { Scope } from "../spec/scope.ts";
import { namesOf } from "./bug-quarry.ts";
import type { Explorable, Parameter, Told } from "./explorable.ts";
import { mapsOf, stepLine } from "./show/played.ts";

/** What the scope of a kernel is made of. */
export const KERNEL_PARAMETERS: Readonly<Record<string, Parameter>> = {
  pages: { counts: "pages in the space", usual: 6, least: 3, most: 40 },
  sizes: { counts: "sizes asked for, from 1 page on; 0 for all", usual: 0, least: 0, most: 40 },
  aligns: { counts: "alignments asked for: 1, 2, 4, 8 pages", usual: 4, most: 4 },
  windows: {
    counts: "windows: the whole, its upper half, one from an odd page, a short one at the top",
    usual: 4,
    most: 4,
  },
  top: { counts: "whether the space ends at the top of the word", usual: 0, least: 0, most: 1 },
  block: { counts: "pages in a per-CPU block; 0 for callers who map nothing", usual: 0, least: 0, most: 8 },
  cpus: { counts: "CPUs that map and read, where there are blocks", usual: 1, most: 2 },
  vmap: { counts: "whether callers also call vmap, where there are blocks", usual: 0, least: 0, most: 1 },
  gap: { counts: "CPU numbers that are left out between two CPUs", usual: 0, least: 0, most: 1 },
};

/** What callers do where there are blocks. */
const MAPPING: readonly Call[] = ["alloc", "map", "touch", "pin", "purge", "unmapAliases"];

const WITH_VMAP: readonly Call[] = [...MAPPING, "vmap"];

export function kernelMachine(kernel: Kernel<State>): Explorable {
  return {
    name: kernel.name,
    says: "A kernel beside the reference: every request of the scope, the free of every area, and purges; with blocks also maps, reads, pins and vm_unmap_aliases.",
    parameters: KERNEL_PARAMETERS,
    goesOnAfterBreaks: true,
    hasFootprints: false,
    open: (parameters, { merged }) => {
      const scope = scopeOf(parameters);
      const machine = sideBySide(kernel, scope, {
        reduced: merged,
        ...(scope.blockPages > 0 ? { calls: parameters.vmap === 1 ? WITH_VMAP : MAPPING } : {}),
      });
      return {
        machine,
        tell: (broken) => told(kernel, scope, machine.commands, broken),
        label: (state, reached) => label(kernel, scope, machine.commands, actionsTo(reached, state)),
      };
    },
  };
}

/** Throws a RangeError where these do not go together. */
export function scopeOf(parameters: Readonly<Record<string, number>>): Scope {
  const { pages, sizes, aligns, windows, top, block, cpus, vmap, gap } = parameters as Record<
    string,
    number
  > & {
    pages: number;
    sizes: number;
    aligns: number;
    windows: number;
    block: number;
    cpus: number;
    vmap: number;
    gap: number;
  };
  if (sizes > pages) throw new RangeError(`sizes to ${sizes} in a space of ${pages} pages`);
  if (cpus > 1 && block === 0) throw new RangeError("more than one CPU makes no difference without blocks");
  if (vmap > 0 && block === 0) throw new RangeError("vmap takes blocks: block=2 is expected, or 4, or 8");
  if (gap > 0 && cpus < 2) throw new RangeError("a gap lies between two CPUs: cpus=2 is expected");
  if (block > pages) throw new RangeError(`no block of ${block} pages fits into ${pages}`);
  const space: Space = {
    pages,
    sizes: sizes === 0 ? pages : sizes,
    aligns,
    windows,
    at: top === 1 ? "top" : MIDDLE,
  };
  return block === 0 ? spaceScope(space) : blocksScope({ ...space, block, cpus, gap });
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
  // Whatever a kernel with one step replaced breaks is that step's doing.
  const bug = namesOf(kernel, last).find((each) => each.law === law)?.known ?? bugCalled(kernel.name)?.id;
  const map = mapsOf(played)[last.index] ?? [];
  const lines = [...played.map((step) => stepLine(step, history.length)), ...map];
  return { lines, history, bug, states: statesOf(kernel, scope, commands, run) };
}

/** Every state on the way, as the kernel has it. */
function statesOf(
  kernel: Kernel<State>,
  scope: Scope,
  commands: readonly Command[],
  run: readonly number[],
): ItfState[] {
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

function label(
  kernel: Kernel<State>,
  scope: Scope,
  commands: readonly Command[],
  run: readonly number[],
): string[] {
  const state = kernel.initial(scope);
  for (const action of run) kernel.act(state, commands[action] as Command);
  const { areas, cache } = kernel.dump(state);
  const drawn = areas.map(({ start, end, lazy }) => `${start}-${end}${lazy ? " lazy" : ""}`).join(", ");
  const cached = cache?.freeVmapCache ?? null;
  return [
    drawn === "" ? "empty" : drawn,
    ...(cached === null ? [] : [`cache ${cached}, hole ${cache?.cachedHoleSize}`]),
  ];
}
