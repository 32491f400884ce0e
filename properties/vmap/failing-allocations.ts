/**
 * Every command once more for each allocation of memory in it, which then fails: on copies, beside the command itself.
 * Where nothing is held after it, what is allocated still is compared with the beginning.
 */
import { isDeepStrictEqual } from "node:util";
import { type FailedAllocation, MEMORY_LAWS } from "../../spec/process.ts";
import { type Command, endsHistory, type Response } from "../../spec/vmap/commands.ts";
import type { Dump, Kernel, KernelMemory } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";

/** The kernel itself, unless a law of failing allocations is asked of it: then one whose replies say what comes of them. */
export function askedForFailures<S>(kernel: Kernel<S>): Kernel<S> {
  const { memory } = kernel;
  if (memory === undefined || !MEMORY_LAWS.some(({ id }) => kernel.promises.includes(id))) return kernel;
  const atFirst = new Map<Scope, number>();
  const initial = (scope: Scope): S => {
    if (!atFirst.has(scope)) {
      const { "allocations of memory": count } = settled(kernel, memory, kernel.initial(scope), undefined);
      atFirst.set(scope, count);
    }
    return kernel.initial(scope);
  };
  const act = (state: S, command: Command): Response => {
    const before = kernel.copy(state);
    const response = kernel.act(state, command);
    if (endsHistory(response) || NOT_TRIED.includes(command.op)) return response;
    const usual = settled(kernel, memory, state, response);
    const failing = failureIn(kernel, memory, { before, state, command, response, usual });
    const leaked = leakedIn(usual, atFirst.get(memory.scope(state)));
    return {
      ...response,
      ...(failing === undefined ? {} : { failing }),
      ...(leaked === undefined ? {} : { leaked }),
    };
  };
  return {
    ...kernel,
    initial,
    act,
    step: (state, command) => {
      const after = kernel.copy(state);
      return [after, act(after, command)];
    },
  };
}

/** A command that was carried out as usual: from where, to where, and with what reply. */
interface Done<S> {
  readonly before: S;
  readonly state: S;
  readonly command: Command;
  readonly response: Response;
  readonly usual: Settled;
}

/** The beginning, and what only looks. */
const NOT_TRIED: readonly Command["op"][] = ["init", "touch", "tlb"];

/** Allocations beyond those at first, where no area and no block is held. */
function leakedIn({ areas, blocks, ...rest }: Settled, atFirst: number | undefined): number | undefined {
  if (areas.length > 0 || blocks.length > 0 || atFirst === undefined) return undefined;
  const more = rest["allocations of memory"] - atFirst;
  return more > 0 ? more : undefined;
}

function failureIn<S>(
  kernel: Kernel<S>,
  memory: KernelMemory<S>,
  { before, state, command, response, usual }: Done<S>,
): FailedAllocation | undefined {
  const count = memory.allocations(state);
  if (count === 0) return undefined;
  const none = settled(kernel, memory, before, undefined);
  for (let allocation = 1; allocation <= count; allocation++) {
    const after = kernel.copy(before);
    const reply = memory.actFailing(after, command, allocation);
    if (endsHistory(reply))
      return { allocation, wrong: "stops", text: "text" in reply ? reply.text : reply.kind };
    const now = settled(kernel, memory, after, reply);
    const isRefused = reply.kind === "refused";
    const isElsewhere =
      reply.kind === "placed" && response.kind === "placed" && reply.start !== response.start;
    const text = isElsewhere
      ? differenceOf(withoutPlaces(now), withoutPlaces(usual))
      : differenceOf(now, isRefused ? none : usual);
    if (text !== undefined) return { allocation, wrong: isRefused ? "leaves" : "succeeds", text };
  }
  return undefined;
}

/** What is there once all that is lazy has been purged. */
interface Settled {
  readonly areas: readonly unknown[];
  /** Whether in the tree or in a pool. */
  readonly "free space": readonly Extent[] | number;
  readonly blocks: readonly unknown[];
  /** More than before. */
  readonly PTEs: number;
  readonly "allocations of memory": number;
}

function settled<S>(
  kernel: Kernel<S>,
  memory: KernelMemory<S>,
  state: S,
  response: Response | undefined,
): Settled {
  const copy = kernel.copy(state);
  const purged = kernel.act(copy, { op: "purge" });
  const { areas, free = [], pool = [], blocks } = kernel.dump(copy);
  return {
    areas: areas.map(({ start, end }) => ({ start, end })).sort(byStart),
    "free space": joined([...free, ...pool]),
    blocks: blocks.map(blockOf),
    PTEs: (response?.pteSet ?? 0) - (response?.pteCleared ?? 0) - purged.pteCleared,
    // Each extent of the free space has one of its own, and how many there are depends on where areas lie.
    "allocations of memory": memory.live(copy) - free.length - pool.length,
  };
}

/** A failed allocation may end in a purge and another search: then all is as large as otherwise, and in another place. */
function withoutPlaces({ areas, "free space": free, blocks, ...rest }: Settled): Settled {
  return {
    ...rest,
    areas: (areas as readonly Extent[]).map(({ start, end }) => end - start).sort((a, b) => a - b),
    "free space": (free as readonly Extent[]).reduce((sum, { start, end }) => sum + end - start, 0),
    blocks: (blocks as readonly number[][])
      .map(([_start, ...block]) => block)
      .sort((a, b) => (`${a}` < `${b}` ? -1 : 1)),
  };
}

const blockOf = ({ start, free, dirty, onFreeList, cpu }: Dump["blocks"][number]) => [
  start,
  free,
  dirty,
  onFreeList,
  cpu,
];

const byStart = (a: Extent, b: Extent) => a.start - b.start;

/** Extents by address, those that touch as one. */
function joined(extents: readonly Extent[]): Extent[] {
  const all: Extent[] = [];
  for (const { start, end } of extents.toSorted(byStart)) {
    const last = all.at(-1);
    if (last !== undefined && last.end === start) all[all.length - 1] = { start: last.start, end };
    else all.push({ start, end });
  }
  return all;
}

/** What of it is not as it should be. */
function differenceOf(now: Settled, expected: Settled): string | undefined {
  const names = Object.keys(expected) as (keyof Settled)[];
  const name = names.find((each) => !isDeepStrictEqual(now[each], expected[each]));
  if (name === undefined) return undefined;
  return `${name}: ${textOf(now[name])}, and not ${textOf(expected[name])}`;
}

function textOf(value: Settled[keyof Settled]): string {
  if (typeof value === "number") return `${value}`;
  const texts = value.map((each) => (isExtent(each) ? `[${each.start},${each.end})` : JSON.stringify(each)));
  return texts.length === 0 ? "none" : texts.join(" ");
}

const isExtent = (each: unknown): each is Extent =>
  typeof each === "object" && each !== null && "start" in each;
