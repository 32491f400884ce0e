/** A recorded trace as a history: addresses become the commands that asked for them. */

import type { HistoryFile } from "../adapters/history-file.ts";
import { askedFor } from "../adapters/history-file.ts";
import { InputError } from "../adapters/input-error.ts";
import { judgeTrace } from "../adapters/judge-recording.ts";
import { readRecording, type Trace } from "../adapters/recording.ts";
import { vmapSpec } from "../model/vmap-spec.ts";
import type { Alloc } from "../spec/commands.ts";
import type { LawId } from "../spec/contract.ts";
import type { HistoryStep } from "../spec/history.ts";
import { lawsCalled } from "../spec/laws/index.ts";
import { releaseOf } from "../spec/releases.ts";
import type { Pages, Vpn } from "../spec/vocabulary.ts";
import { UsageError } from "./exit.ts";

/** Whether a file is a recording, by its name: `.jsonl` or `.jsonl.gz`. */
export function isRecording(file: string): boolean {
  return /\.jsonl(\.gz)?$/.test(file);
}

/** Throws a UsageError where a line of a recording is asked for of what has none. */
export function refuseTrace(target: string, line: number | undefined): void {
  if (line === undefined || isRecording(target)) return;
  throw new UsageError(`--trace is for a recording (.jsonl, .jsonl.gz), and ${target} is none`);
}

/** The trace on this line of a recording, or else the first that breaks the law, promised or not, or any, as a history. */
export async function historyOfTrace(
  file: string,
  line: number | undefined,
  law: LawId | undefined,
): Promise<HistoryFile> {
  for await (const trace of readRecording(file)) {
    if (line !== undefined && trace.line !== line) continue;
    const release = releaseOf(trace.label);
    const laws = lawsCalled(law === undefined ? release.laws : [...release.laws, law]);
    const { breaks } = judgeTrace(vmapSpec(release), laws, trace);
    const broken = breaks.flatMap(({ laws }) => laws.map(({ id }) => id));
    const first = broken.find((id) => law === undefined || id === law);
    if (first === undefined && line === undefined) continue;
    const commands = translate(trace);
    return {
      kernel: trace.label,
      law: first ?? law ?? "no-bug",
      scope: { ...trace.scope, ...askedFor(commands) },
      commands,
    };
  }
  throw new InputError(
    `${file}: ${line === undefined ? `no trace in it breaks ${law ?? "a law"}` : `there is no trace on line ${line}`}`,
  );
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
      const by = command.op === "free" ? "alloc" : "mapRam";
      const area = placed.findLast((each) => each.start === command.start && !each.freed && each.by === by);
      if (area === undefined) continue;
      area.freed = true;
      const goes = { area: area.index };
      steps.push(
        command.op === "free" ? { op: "free", ...goes } : { op: "unmapRam", cpu: command.cpu, ...goes },
      );
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

/** Without the flag that only a dump of 2.6.27 shows. */
function plainAlloc({ ioremap: _shown, ...command }: Alloc): Alloc {
  return command;
}
