/** mmu_gather on the page: the mm by address, what each gather took out of it, and what a flush covered. */
import { replyText, says } from "../../spec/gather/commands.ts";
import type { Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { World } from "../../spec/gather/world.ts";
import { cutsOf } from "../page/cuts.ts";
import type { Change, Extent, Thing } from "../page/documents.ts";
import type { Illustration, JudgedOf } from "../page/illustration.ts";
import { hex, linesOf } from "./lines.ts";

type Judged = JudgedOf<GatherTerms>;

const PAGE = 4096;
/** The end of all there is. */
const LAST = 2 ** 52;

const pages = (start: number, end: number): Extent => ({
  start: Math.floor(start / PAGE),
  end: Math.max(Math.floor(start / PAGE) + 1, Math.min(LAST, Math.ceil(end / PAGE))),
});

export const GATHER_ILLUSTRATION: Illustration<GatherTerms> = {
  command: says,
  response: (response) => replyText(response) || "nothing",
  idle: says,
  facts: ({ arch, cpus, pages }) => [
    ["architecture", arch],
    [
      "machine",
      `${cpus} ${cpus === 1 ? "CPU" : "CPUs"}, an mm of ${pages.length} page${pages.length === 1 ? "" : "s"}`,
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
  blame: (_law, { after, before }: Judged) => {
    const world = after ?? before;
    const { early, twice, missed, stale } = world.reply;
    const [first] = [...world.uncovered.values()].filter(({ table }) => table === undefined);
    const parts = [
      ...(early.length > 0 ? [`freed before a flush covered them: frames ${early.join(", ")}`] : []),
      ...(twice.length > 0 ? [`freed twice: frames ${twice.join(", ")}`] : []),
      ...(missed.length > 0 ? [`not covered by the flush: ${missed.length} removals`] : []),
      ...(stale.length > 0 ? ["a CPU reached what was freed"] : []),
    ];
    if (parts.length === 0) return undefined;
    const text = `${parts.join("; ")}.`;
    const marks =
      first === undefined
        ? []
        : [
            {
              row: "removed" as const,
              ...pages(first.addr, first.end),
              says: `removed, and not flushed: ${hex(first.addr)}`,
            },
          ];
    return { text: text.charAt(0).toUpperCase() + text.slice(1), marks };
  },
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
