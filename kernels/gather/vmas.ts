/** Start and end of a vma, and vmas of frames without pages. */
import type { Of } from "../../spec/gather/commands.ts";
import { resetRange } from "./range.ts";
import type { Gather, Rules, State } from "./state.ts";

/** Whether start and end of a vma are generic code on this architecture. */
function hasGenericVmas({ scope: { arch } }: State, { facts }: Rules): boolean {
  return facts.genericVma || arch === "gen" || arch === "geninv";
}

/** tlb_start_vma. */
export function startVma(state: State, gather: Gather, command: Of<"startVma">, rules: Rules): void {
  const { facts } = rules;
  if (!hasGenericVmas(state, rules) || !facts.cachesFlushed || gather.fullmm) return;
  gather.exec = command.exec ? 1 : 0;
  gather.huge = command.huge ? 1 : 0;
  const isOfFrames = command.pfnmap ? 1 : 0;
  gather.pfnmap = facts.frameVmas === "flush at free_vmas" ? gather.pfnmap | isOfFrames : isOfFrames;
  state.events.push({ kind: "cache", start: command.start, end: command.end });
}

/** tlb_end_vma. */
export function endVma(state: State, gather: Gather, rules: Rules): void {
  const { facts, steps } = rules;
  if (!hasGenericVmas(state, rules) || gather.fullmm || facts.endVma === "nothing") return;
  const { arch } = state.scope;
  if (arch !== "gen" && arch !== "geninv") {
    if (facts.frameVmas === "flush at the end") flushFrames(state, gather, rules);
    return;
  }
  if (facts.endVma === "TLB part") steps.flushTlbOnly(state, gather, rules);
  else if (gather.end !== 0) {
    steps.flushTlb(state, gather, rules);
    resetRange(gather);
  }
}

/** Flushes what was removed of vmas of frames without pages, before a driver can think them unmapped. */
export function flushFrames(state: State, gather: Gather, rules: Rules): void {
  if (!gather.fullmm && gather.pfnmap) rules.steps.flushTlbOnly(state, gather, rules);
}
