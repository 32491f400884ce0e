/** A recorded trace as a history: addresses become the commands that asked for them. */

import { InputError } from "../adapters/input-error.ts";
import type { HistoryFile } from "../adapters/vmap/history-file.ts";
import { askedFor } from "../adapters/vmap/history-file.ts";
import type { Trace } from "../adapters/vmap/recording.ts";
import type { Alloc, Free, UnmapRam } from "../spec/vmap/commands.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import type { Pages, Vpn } from "../spec/vmap/vocabulary.ts";
import { type ChoiceOptions, chooseTrace } from "./recorded.ts";

/**
 * The trace on this line of a recording, or else the first that violates the law, or any, as a history to be run on a
 * kernel. What was recorded is judged by its own promises, or by those of that kernel where it has none.
 */
export async function historyOfTrace(
  file: string,
  kernel: string,
  options: Pick<ChoiceOptions, "trace" | "law">,
): Promise<HistoryFile> {
  const chosen = await chooseTrace(file, { ...options, fallback: kernel });
  if ("traces" in chosen)
    throw new InputError(
      `${file}: no trace in it violates ${options.law ?? "a law"}: --trace LINE names one`,
    );
  const { trace, law } = chosen;
  const commands = translate(trace);
  const history = { kernel, scope: { ...trace.scope, ...askedFor(commands) }, commands };
  return law === undefined ? history : { ...history, law };
}

/** Where an area or a map was last placed, and by which step. */
interface Placed {
  readonly index: number;
  readonly by: "alloc" | "mapRam";
  readonly start: Vpn;
  readonly pages: Pages;
  freed: boolean;
}

/** A touch of what was never allocated faults and has no effect: it is left out. */
export function translate(trace: Trace): HistoryStep[] {
  const placed: Placed[] = [];
  const steps: HistoryStep[] = [];
  for (const { command, response } of trace.exchanges) {
    if (command.op === "free" || command.op === "unmapRam") {
      steps.push(freeing(placed, command));
    } else if (command.op === "touch") {
      const { cpu, page } = command;
      const area = placed.findLast((each) => each.start <= page && page < each.start + each.pages);
      if (area !== undefined) steps.push({ op: "touch", cpu, area: area.index, page: page - area.start });
    } else if (command.op !== "unpin" && command.op !== "pcpuFree") {
      if ((command.op === "alloc" || command.op === "mapRam") && response.kind === "placed") {
        const pages = command.op === "alloc" ? command.size : command.count;
        const { start } = response;
        placed.push({ index: steps.length, by: command.op, start, pages, freed: false });
      }
      steps.push(command.op === "alloc" ? plainAlloc(command) : command);
    }
  }
  return steps;
}

/** What it frees by the step that got it; of a call outside its domain what was there, or the page alone. */
function freeing(placed: readonly Placed[], command: Free | UnmapRam): HistoryStep {
  const { start } = command;
  const by = command.op === "free" ? "alloc" : "mapRam";
  const counts = (pages: Pages) => command.op === "free" || command.count === pages;
  const held = placed.findLast(
    (each) => each.start === start && !each.freed && each.by === by && counts(each.pages),
  );
  if (held !== undefined) held.freed = true;
  const named = held ?? placed.findLast((each) => each.start <= start && start < each.start + each.pages);
  const offset = named === undefined || named.start === start ? {} : { offset: start - named.start };
  const where = named === undefined ? { page: start } : { area: named.index, ...offset };
  if (command.op === "free") return { op: "free", ...where };
  const { op, cpu, count } = command;
  return { op, cpu, ...where, ...(named?.pages === count ? {} : { count }) } as HistoryStep;
}

/** Without the flag that only a dump of 2.6.27 shows. */
function plainAlloc({ ioremap: _shown, ...command }: Alloc): Alloc {
  return command;
}
