/** The drawing of mmu_gather: what waits in each gather, what no flush has covered, and what is free. */
import type { Difference } from "../../adapters/gather/conform.ts";
import { type Command, type Response, replyText, says } from "../../spec/gather/commands.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { World } from "../../spec/gather/world.ts";
import type { Bench, RecordedTrace } from "../../spec/wing.ts";
import type { Drawing, Shown, State } from "./drawing.ts";

const hex = (addr: number) => (addr >= 2 ** 63 ? "~0" : `0x${addr.toString(16)}`);
const listed = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b).join(" ");

/** A line each: the pages and tables that wait in a gather, removals that no flush has covered, and frames that are free. */
function linesOf({ gathers, waiting, tables, uncovered, freed, walkers }: World): string[] {
  const of = <V extends { readonly g: number }>(all: ReadonlyMap<number, V>, g: number) =>
    [...all].filter(([, each]) => each.g === g).map(([number]) => number);
  const row = (name: string, text: string) => (text === "" ? [] : [`  ${name.padEnd(12)}${text}`]);
  const queued = [...tables].filter(([, table]) => table.queued).map(([id]) => id);
  const lines = [...gathers.values()].flatMap(({ g, fullmm, start, end }) => {
    const pages = of(waiting, g);
    const own = of(tables, g).filter((id) => !queued.includes(id));
    const range = fullmm ? "the whole mm" : `${hex(start)} to ${hex(end)}`;
    const waits = [
      ...(pages.length === 0 ? [] : [`pages ${listed(pages)}`]),
      ...(own.length === 0 ? [] : [`tables ${listed(own)}`]),
    ];
    return row(`gather ${g}`, `${range}${waits.length === 0 ? "" : `; ${waits.join(", ")} wait`}`);
  });
  const removed = [...uncovered.values()].map(({ addr, end, table }) =>
    table === undefined ? `${hex(addr)} to ${hex(end)}` : `table ${table}`,
  );
  return [
    ...lines,
    ...row("not flushed", removed.join(", ")),
    ...row("with RCU", queued.length === 0 ? "" : `tables ${listed(queued)}`),
    ...row("walked", [...walkers].map(([cpu, table]) => `table ${table} by CPU ${cpu}`).join(", ")),
    ...row("free", listed([...freed].filter(([, whose]) => whose === "free").map(([pfn]) => pfn))),
    ...row("reused", listed([...freed].filter(([, whose]) => whose !== "free").map(([pfn]) => pfn))),
  ];
}

function pictureOf({ gathers, waiting, tables, uncovered, freed }: World) {
  return {
    gathers: [...gathers.values()].map(({ g, start, end, fullmm }) => ({ g, start, end, fullmm })),
    pages: [...waiting].map(([pfn, { g }]) => ({ pfn, g })),
    tables: [...tables].map(([id, { g, queued }]) => ({ id, g, queued })),
    uncovered: [...uncovered.values()].map(({ addr, end, table }) => ({ addr, end, table: table ?? null })),
    freed: [...freed].map(([pfn, whose]) => ({ pfn, whose })),
  };
}

function* statesOf(
  { machine, spec, scope }: Bench<GatherTerms>,
  commands: Iterable<Command>,
): Generator<State, void, undefined> {
  const state = machine.initial(scope);
  let world = spec.initial(scope);
  const stateOf = (action: string, response: Response | undefined): State => {
    const lines = linesOf(world).map((line) => line.trim());
    const reply = response === undefined ? "" : replyText(response);
    return { action, lines: lines.length === 0 ? ["empty"] : lines, variables: { reply, drawn: lines } };
  };
  yield stateOf("init", undefined);
  for (const command of commands) {
    const response = machine.act(state, command);
    world = spec.after(world, command, response) ?? world;
    yield stateOf(command.op, response);
  }
}

const cpusText = (cpus: number) => `${cpus} CPU${cpus === 1 ? "" : "s"}`;

export const GATHER_DRAWING: Drawing<GatherTerms> = {
  command: says,
  response: (response) => replyText(response) || "nothing",
  alsoDiffers: ({ ret, full }, kinds) =>
    kinds.includes("full") ? `; returns ${ret ?? "nothing"}${full === true ? ", full" : ""}` : "",
  idle: says,
  scope: ({ arch, cpus, pages }) => `${arch}, ${cpusText(cpus)}, an mm of ${pages.length} pages`,
  cpus: ({ arch, cpus }) => `${arch}, ${cpusText(cpus)}`,
  noteGot: () => {},
  *maps(played: Iterable<Shown<GatherTerms>>) {
    for (const now of played) yield { now, map: linesOf(now.after ?? now.before) };
  },
  consequencesOf: "pages that their caller gathered without removing an entry",
  legend: "Pages and tables wait in a gather until a flush covers them.",
  picture: pictureOf,
  before(_trace: RecordedTrace<GatherTerms>, { before }: Difference) {
    return [`  before: ${JSON.stringify(before)}`];
  },
  states: statesOf,
};
