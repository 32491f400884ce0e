/** A failure as text: the law, the history, the map at the violation, and the line that replays it. */

import { replay } from "../../engine/run/stepper.ts";
import type { KernelReport, Surprise } from "../../jobs/check/kernel.ts";
import type { PlayedOf } from "../../properties/run-choices.ts";
import { judgedAlsoBy } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { commandLine } from "../output.ts";
import { mapsOf, stepLine } from "./drawing.ts";
import { drawingOf } from "./drawings.ts";
import { saysOf } from "./replayed.ts";

type Shown = Pick<Surprise, "kernel" | "what" | "law" | "history" | "scope" | "replay">;

export function failureText(
  { wing, kernel: subject }: Pick<KernelReport, "wing" | "kernel">,
  {
    kernel,
    what,
    law,
    history,
    scope,
    replay: line,
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
    ...(mapsOf(drawing, played)[last.index] as string[]),
    ...(line === null ? [] : [commandLine("replay", line)]),
  ].join("\n");
}
