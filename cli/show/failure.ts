/** A failure as text: the law, the history, the map at the violation, and the line that replays it. */

import { replay } from "../../engine/run/stepper.ts";
import type { KernelReport, Surprise } from "../../jobs/check/kernel.ts";
import { toolLine } from "../../jobs/names.ts";
import type { PlayedOf } from "../../properties/run-choices.ts";
import type { LawId } from "../../spec/contract.ts";
import { judgedAlsoBy } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { commandLine } from "../output.ts";
import { mapsOf, stepLine } from "./drawing.ts";
import { drawingOf } from "./drawings.ts";
import { saysOf } from "./replayed.ts";
import { counted } from "./text.ts";

type Shown = Omit<Surprise, "kind" | "alike">;

export function failureText(
  { wing, kernel: subject }: Pick<KernelReport, "wing" | "kernel">,
  {
    kernel,
    what,
    law,
    history,
    scope,
    replay: line,
    shortestIn,
    expected = false,
  }: Shown & { readonly expected?: boolean },
): string {
  const head = `${expected ? "expected" : pc.red("unexpected")}  ${kernel}: ${what}`;
  if (law === null || history === null || scope === null) return head;
  const drawing = drawingOf(wing);
  const played = replay(wing.bench(judgedAlsoBy(subject, law), scope), history, law);
  const last = played.at(-1) as PlayedOf;
  return [
    head,
    `${pc.bold(law)}   ${saysOf(wing, law)}`,
    ...played.map((step) => stepLine(drawing, step, history.length)),
    ...(mapsOf(drawing, played, { violation: { law, index: last.index } })[last.index] as string[]),
    ...(line === null ? [] : [commandLine("replay", line)]),
    lengthText({ kernel, law, commands: history.length, shortestIn }),
  ].join("\n");
}

/** Whether a shorter history may be there, and what would find it. */
function lengthText({ kernel, law, commands, shortestIn }: Length): string {
  const length = counted(commands, "command");
  return shortestIn === undefined
    ? `${length}, shrunk, perhaps not shortest; a shortest one of a small space:  ${toolLine(`explore ${kernel} --law ${law}`)}`
    : `${length}, shortest: every state of ${shortestIn} was visited`;
}

interface Length {
  readonly kernel: string;
  readonly law: LawId;
  readonly commands: number;
  readonly shortestIn: string | undefined;
}
