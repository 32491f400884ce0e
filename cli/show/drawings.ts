/** The drawing of mmu_gather, and which drawing each wing has. A new wing adds a line at the end. */
import type { Difference } from "../../adapters/gather/conform.ts";
import { blameFor } from "../../jobs/gather/illustration.ts";
import { linesOf } from "../../jobs/gather/lines.ts";
import { type Command, type Response, replyText, says } from "../../spec/gather/commands.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { World } from "../../spec/gather/world.ts";
import type { Bench, RecordedTrace } from "../../spec/wing.ts";
import { textWidth } from "../output.ts";
import type { Drawing, MapOptions, Shown, State } from "./drawing.ts";
import { VMAP_DRAWING } from "./step-view.ts";
import { counted, filled } from "./text.ts";

// Of mmu_gather: what waits in each gather, what no flush has covered, and what is free.

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

const GATHER_DRAWING: Drawing<GatherTerms> = {
  command: says,
  response: (response) => replyText(response) || "nothing",
  alsoDiffers: ({ ret, full }, kinds) =>
    kinds.includes("full") ? `; returns ${ret ?? "nothing"}${full === true ? ", full" : ""}` : "",
  idle: says,
  scope: ({ arch, cpus, pages }) => `${arch}, ${cpusText(cpus)}, an mm of ${counted(pages.length, "page")}`,
  cpus: ({ arch, cpus }) => `${arch}, ${cpusText(cpus)}`,
  noteGot: () => {},
  *maps(played: Iterable<Shown<GatherTerms>>, { width, violation }: MapOptions = {}) {
    for (const now of played) {
      const blame = violation?.index === now.index ? blameFor(violation.law, now) : undefined;
      const why = blame === undefined ? [] : filled(blame.text, 2, width ?? textWidth());
      yield { now, map: [...linesOf(now.after ?? now.before), ...why] };
    }
  },
  consequencesOf: "pages that their caller gathered without removing an entry",
  legend: "Pages and tables wait in a gather until a flush covers them.",
  picture: pictureOf,
  before(_trace: RecordedTrace<GatherTerms>, { before }: Difference) {
    return [`  before: ${JSON.stringify(before)}`];
  },
  states: statesOf,
};

// Of all wings.

const DRAWINGS: Readonly<Record<string, Drawing>> = { vmap: VMAP_DRAWING, gather: GATHER_DRAWING };

export function drawingOf({ name }: { readonly name: string }): Drawing {
  const found = DRAWINGS[name];
  if (found === undefined) throw new RangeError(`nothing draws ${name}`);
  return found;
}
