/** A failure as text: the law, the history, the map at the violation, and the line that replays it. */

import { replay } from "../../engine/run/stepper.ts";
import type { Surprise } from "../../jobs/check-kernel.ts";
import { kernelNamed } from "../../jobs/names.ts";
import { benchFor, type JudgedStep } from "../../properties/vmap/test-bench.ts";
import { ALL_LAWS } from "../../spec/vmap/laws/index.ts";
import { pc } from "../colour.ts";
import { commandLine } from "../output.ts";
import { mapsOf, stepLine } from "./step-view.ts";

export function failureText(surprise: Surprise): string {
  const { kernel, what, law, history, scope, replay: line } = surprise;
  const head = `${pc.red("unexpected")}  ${kernel}: ${what}`;
  if (law === null || history === null || scope === null) return head;
  const { says } = ALL_LAWS.find(({ id }) => id === law) as { says: string };
  const played = replay(benchFor(kernelNamed(kernel), scope), history, law);
  const last = played.at(-1) as JudgedStep;
  return [
    head,
    `${pc.bold(law)}   ${says}`,
    ...played.map((step) => stepLine(step, history.length)),
    ...(mapsOf(played)[last.index] as string[]),
    ...(line === null ? [] : [commandLine("replay", line)]),
  ].join("\n");
}
