/** mmu_gather on the page: the mm by address, what each gather took out of it, and what a flush covered. */
import { replyText, says } from "../../spec/gather/commands.ts";
import type { Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import { PAGE } from "../../spec/gather/vocabulary.ts";
import type { World } from "../../spec/gather/world.ts";
import { cutsOf } from "../page/cuts.ts";
import type { Change, Extent, Thing } from "../page/documents.ts";
import type { Illustration } from "../page/illustration.ts";
import { blameFor, LAST, pages } from "./blame.ts";
import { hex, linesOf } from "./lines.ts";

export const GATHER_ILLUSTRATION: Illustration<GatherTerms> = {
  command: says,
  response: (response) => replyText(response) || "nothing",
  idle: says,
  facts: ({ arch, cpus, pages: mapped }) => [
    ["architecture", arch],
    [
      "machine",
      `${cpus} ${cpus === 1 ? "CPU" : "CPUs"}, an mm of ${mapped.length} ${mapped.length === 1 ? "page" : "pages"}`,
    ],
  ],
  guard: () => ({ inside: 0, after: 0, before: 0 }),
  cpus: () => [],
  follow: (_kernel, scope) => {
    let before: ReadonlyMap<string, Thing> = new Map();
    return {
      next: (now) => {
        const world = now.after ?? now.before;
        const things = thingsOf(world, scope);
        const changes: Change[] = [];
        for (const [key, thing] of things)
          if (JSON.stringify(before.get(key)) !== JSON.stringify(thing)) changes.push([key, thing]);
        for (const key of before.keys()) if (!things.has(key)) changes.push([key, null]);
        before = things;
        return {
          changes,
          flushes: flushesIn(now.response, scope),
          lazyPages: null,
          focus: [],
          window: null,
          lines: linesOf(world).map((line) => line.trim()),
        };
      },
    };
  },
  cuts: (steps, scope) => {
    const drawn = steps.flatMap(({ changes }) => changes.flatMap(([, thing]) => thing ?? []));
    return cutsOf([...pagesOf(scope), ...drawn], LAST);
  },
  blame: blameFor,
  state: ({ machine, spec, scope }, commands) => {
    const state = machine.initial(scope);
    let world = spec.initial(scope);
    for (const command of commands) world = spec.after(world, command, machine.act(state, command)) ?? world;
    const things = [...thingsOf(world, scope).values()];
    return {
      things,
      cuts: cutsOf([...pagesOf(scope), ...things], LAST),
      lines: linesOf(world).map((line) => line.trim()),
    };
  },
};

const pagesOf = (scope: Scope): readonly Extent[] => scope.pages.map((addr) => pages(addr, addr + PAGE));

function thingsOf({ ptes, uncovered, gathers, waiting, tables }: World, scope: Scope): Map<string, Thing> {
  const things = new Map<string, Thing>();
  for (const [addr, frame] of ptes) {
    things.set(`entry ${addr}`, { kind: "entry", ...pages(addr, addr + PAGE), frame });
  }
  for (const [number, { addr, end, g, table }] of uncovered) {
    const text = table === undefined ? "" : `table ${table}, `;
    things.set(`removed ${number}`, { kind: "removed", ...pages(addr, end), text: `${text}gather ${g}` });
  }
  const extent = spanOf(scope);
  for (const { g, start, end, fullmm } of gathers.values()) {
    const count = [...waiting.values(), ...tables.values()].filter((each) => each.g === g).length;
    const isEmpty = start >= end && !fullmm;
    const range = fullmm || start >= end ? extent : pages(start, end);
    const what = fullmm ? "the whole mm" : isEmpty ? "no range" : `${hex(start)} to ${hex(end)}`;
    things.set(`gather ${g}`, {
      kind: "gather",
      ...range,
      g,
      text: `${what}; ${count} wait`,
      empty: isEmpty,
    });
  }
  return things;
}

function spanOf(scope: Scope): Extent {
  const all = pagesOf(scope);
  return { start: Math.min(...all.map(({ start }) => start)), end: Math.max(...all.map(({ end }) => end)) };
}

/** What the flushes of a reply cover. */
function flushesIn(response: Response | undefined, scope: Scope): readonly Extent[] {
  return (response?.events ?? []).flatMap((event): Extent[] => {
    if (event.kind !== "flush") return [];
    const { what, start, end } = event;
    if (what === "mm" || start === undefined || end === undefined || start >= end) return [spanOf(scope)];
    return [pages(start, end)];
  });
}
