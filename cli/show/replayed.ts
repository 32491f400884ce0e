/** The text of a history that was replayed: all steps of a short one, of a long one the steps before its end. */
import { playing } from "../../engine/stepper.ts";
import type { VmapPlayed, VmapSetting } from "../../properties/setting.ts";
import type { HistoryStep } from "../../spec/history.ts";
import { pc } from "../colour.ts";
import { drawing, extentsOf, type Letters, mapsOf, noteLetters, stepLine } from "./played.ts";

/** A history of no more steps is shown whole. */
const SHORT = 40;
/** Of a longer one so many are shown. */
const LAST = 20;

/** The steps up to `end`, an index, one text each. Worlds are made anew, and few kept: each may be large. */
export function* replayedText<S>(
  setting: VmapSetting<S>,
  commands: readonly HistoryStep[],
  end: number,
  all: boolean,
): Generator<string, void, undefined> {
  const shown = commands.slice(0, end + 1);
  // They were judged already.
  const play = () => playing({ ...setting, laws: [] }, shown);
  const text = (now: VmapPlayed, map: readonly string[]) =>
    `${stepLine(now, commands.length)}\n${map.join("\n")}\n`;
  if (all) {
    const draw = drawing(...extentsAndLast(play()));
    for (const now of play()) yield text(now, draw(now));
    return;
  }
  const from = shown.length <= SHORT ? 0 : shown.length - LAST;
  if (from > 0) yield pc.dim(`steps 1 to ${from}: not shown (--all shows them)\n`);
  const letters: Letters = new Map();
  const kept: VmapPlayed[] = [];
  for (const now of play()) {
    if (now.index < from) noteLetters(now, letters);
    else kept.push(now);
  }
  const maps = mapsOf(kept, letters);
  for (const [nth, now] of kept.entries()) yield text(now, maps[nth] as string[]);
}

function extentsAndLast(played: Iterable<VmapPlayed>) {
  const extents = [];
  let last: VmapPlayed | undefined;
  for (const now of played) {
    for (const extent of extentsOf(now)) extents.push(extent);
    last = now;
  }
  return [extents, last] as const;
}
