/** The address space on the page. */
import type { Vmap } from "../../properties/vmap/terms.ts";
import type { DumpedCache } from "../../spec/vmap/kernel.ts";
import { newAreas, requestOf, windowOf } from "../../spec/vmap/laws/law.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { possibleCpus, type Scope } from "../../spec/vmap/scope.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Kernel } from "../../spec/wing.ts";
import { commandText, cpusText, responseText } from "../command-text.ts";
import type { Illustration, JudgedOf } from "../page/illustration.ts";
import { cutsOf } from "../page/illustration.ts";
import { blameFor } from "./blame.ts";
import { ThingsBefore } from "./things.ts";

type Judged = JudgedOf<Vmap>;

export const VMAP_ILLUSTRATION: Illustration<Vmap> = {
  command: commandText,
  response: responseText,
  idle: (step) => ("area" in step ? `${step.op} of what step ${step.area + 1} got` : step.op),
  facts: (scope, release) => [
    ["lazy limit", scope.lazyMaxPages === null ? "the kernel's formula" : `${scope.lazyMaxPages} pages`],
    ["guard pages", guardText(release as Promises)],
    ["space", `${scope.wordPages} pages, ${cpusText(scope)}`],
    ...(scope.blockPages > 0 ? [["blocks", `${scope.blockPages} pages each`] as const] : []),
  ],
  guard: (release) => {
    const { inside, afterArea: after, beforeNext: before } = (release as Promises).guard;
    return { inside, after, before };
  },
  cpus: possibleCpus,
  follow: (kernel, scope) => {
    const things = new ThingsBefore();
    const cacheAfter = cacheOf(kernel, scope);
    const got = new Map<Vpn, number>();
    return {
      next: (now) => {
        for (const start of startsOf(now)) got.set(start, now.index);
        const world = now.after ?? now.before;
        return {
          changes: things.changesTo(world, got, cacheAfter(now.command)),
          flushes: now.response?.flushes ?? [],
          lazyPages: world.lazyPages,
          focus: focusOf(now),
          window: windowAsked(now),
          lines: [],
        };
      },
    };
  },
  cuts: (steps, { wordPages }) => {
    const extents = steps.flatMap(({ changes, focus, window }): Extent[] => [
      ...changes.flatMap(([, thing]) => thing ?? []),
      ...focus,
      ...(window === null ? [] : [window]),
    ]);
    return cutsOf(extents, wordPages);
  },
  blame: blameFor,
  state: ({ machine, spec, scope }, commands) => {
    const state = machine.initial(scope);
    const got = new Map<Vpn, number>();
    let world = spec.initial(scope);
    for (const [index, command] of commands.entries()) {
      const response = machine.act(state, command);
      if (response.kind === "placed") got.set(response.start, index);
      world = spec.after(world, command, response) ?? world;
    }
    const things = new ThingsBefore();
    things.changesTo(world, got, machine.dump(state).cache);
    return {
      things: things.now,
      cuts: cutsOf([...pagesOf(scope), ...things.now], scope.wordPages),
      lines: [],
    };
  },
};

function guardText({ guard: { inside, afterArea, beforeNext } }: Promises): string {
  const pages = [
    ...(inside > 0 ? [`${inside} inside`] : []),
    ...(afterArea > 0 ? [`${afterArea} after`] : []),
    ...(beforeNext > 0 ? [`${beforeNext} before`] : []),
  ];
  return pages.length === 0 ? "none" : `${pages.join(", ")} an area`;
}

/** The free-area cache after each command, of a kernel that has one. */
function cacheOf(kernel: Kernel<Vmap> | undefined, scope: Scope) {
  const none = (): DumpedCache | undefined => undefined;
  if (kernel === undefined) return none;
  const state = kernel.initial(scope);
  if (kernel.dump(state).cache === undefined) return none;
  return (command: Judged["command"]): DumpedCache | undefined => {
    if (command !== undefined) kernel.act(state, command);
    return kernel.dump(state).cache;
  };
}

function startsOf({ before, command, response }: Judged): readonly Vpn[] {
  if (command === undefined || response?.kind !== "placed") return [];
  if (command.op !== "pcpuGet") return [response.start];
  return newAreas(before, command, response).map(({ start }) => start);
}

function windowAsked({ before, command }: Judged): Extent | null {
  const window = command && windowOf(before, command);
  return window === undefined ? null : { start: window.vstart, end: window.vend };
}

/** The extents that a step is about. */
function focusOf({ before, command, response }: Judged): Extent[] {
  if (command === undefined) return [];
  const flushes = response?.flushes ?? [];
  if ("page" in command) return [{ start: command.page, end: command.page + 1 }, ...flushes];
  if (response?.kind === "placed") {
    const areas = newAreas(before, command, response);
    return areas.length > 0 ? [...areas] : [{ start: response.start, end: response.start + 1 }];
  }
  if ("start" in command) return [{ start: command.start, end: command.start + 1 }, ...flushes];
  const request = requestOf(before, command);
  return request === undefined ? [...flushes] : [{ start: request.vstart, end: request.vend }];
}

/** Each page of the windows that callers use, so that a picture of a state keeps its columns. */
function pagesOf({ windows, vmalloc }: Scope): readonly Extent[] {
  const all = [...windows, vmalloc].filter(({ vstart, vend }) => vstart < vend);
  const from = Math.min(...all.map((each) => each.vstart));
  const to = Math.max(...all.map((each) => each.vend));
  const count = Math.max(0, Math.min(64, to - from));
  return Array.from({ length: count }, (_none, nth) => ({ start: from + nth, end: from + nth + 1 }));
}
