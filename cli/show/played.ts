/** One step of a replayed history: its text, and the address space after it. */
import type { VmapPlayed } from "../../properties/setting.ts";
import type { HistoryStep } from "../../spec/history.ts";
import { areaRow, type DrawnArea, drawMap, letterFor, type MapRow, stretch } from "./map.ts";
import { commandText, responseText } from "./text.ts";

/** Text of a step that did nothing, since what it names was refused or is gone. */
function idleText(step: HistoryStep): string {
  return "area" in step ? `${step.op} of what command ${step.area + 1} got  ->  nothing is there` : step.op;
}

/** `step 3 of 5:  command  ->  reply`. */
export function stepLine({ index, step, command, response }: VmapPlayed, of: number): string {
  const text =
    command === undefined || response === undefined
      ? idleText(step)
      : `${commandText(command)}  ->  ${responseText(response)}`;
  return `step ${index + 1} of ${of}:  ${text}`;
}

/** The world after each step of a history, as maps with one letter for each command's area. */
export function mapsOf(played: readonly VmapPlayed[]): string[][] {
  const extents = played.flatMap(({ command, response, before }) => {
    if (command?.op !== "alloc") return [];
    const placed = response?.kind === "placed" ? response.start : command.vstart;
    return [{ start: placed, end: placed + command.size + before.promises.guard.inside }];
  });
  const wordPages = played[0]?.before.scope.wordPages ?? 0;
  if (extents.length === 0) return played.map(() => []);
  const shown = stretch(extents, wordPages);
  const letters = new Map<number, string>();
  return played.map((now) => {
    if (now.response?.kind === "placed") letters.set(now.response.start, letterFor(now.index));
    const world = now.after ?? now.before;
    const areas: DrawnArea[] = world.areas.toArray().map(({ start, end, life }) => ({
      start,
      end,
      lazy: life === "lazy",
      letter: letters.get(start) ?? "?",
    }));
    return drawMap([areaRow(areas), ...pteRow(now), ...tlbRows(now)], shown);
  });
}

/** The frames that page tables say are here, if anything is mapped; `*` for a PTE nobody owns any more. */
function pteRow(now: VmapPlayed): MapRow[] {
  const world = now.after ?? now.before;
  const mapped = world.areas.filter((area) => area.ptesPresent);
  if (mapped.isEmpty()) return [];
  const at = (vpn: number) => {
    const area = mapped.find((each) => each.start <= vpn && vpn < each.start + each.mapped);
    if (area === undefined) return ".";
    return area.life === "lazy" ? "*" : String(area.frame + (vpn - area.start)).slice(-2);
  };
  return [{ label: "pte", at }];
}

function tlbRows(now: VmapPlayed): MapRow[] {
  const world = now.after ?? now.before;
  return [...world.tlbs.entries()]
    .filter(([, tlb]) => !tlb.isEmpty())
    .sort(([a], [b]) => a - b)
    .map(([cpu, tlb]) => ({ label: `cpu ${cpu}`, at: (vpn) => String(tlb.get(vpn) ?? ".").slice(-2) }));
}
