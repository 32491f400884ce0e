/** Why a step violates a law, in a sentence, and the places of the picture that show it. */
import { isFragmented } from "../../model/vmap/area.ts";
import type { StaleMapping } from "../../model/vmap/stale-mapping.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Vmap } from "../../properties/vmap/terms.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { outsideOf } from "../../spec/vmap/laws/domain.ts";
import { newAreas, purgeableAtPlacement, requestOf } from "../../spec/vmap/laws/law.ts";
import { type Extent, page, pagesText, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { lazyLimit } from "../../spec/vmap/world.ts";
import { extentText } from "../command-text.ts";
import type { Blame, Mark } from "../page/documents.ts";
import type { JudgedOf } from "../page/illustration.ts";

const onePage = (start: Vpn): Extent => ({ start, end: start + 1 });

/** Undefined where the law itself says all there is to say. */
export function blameFor(
  law: string,
  { command, response, before, after }: JudgedOf<Vmap>,
): Blame | undefined {
  if (command === undefined || response === undefined) return undefined;
  if (response.kind === "bug") return { text: `The kernel stops: ${response.text}`, marks: [] };
  if (response.kind === "hung") return { text: `The call does not return: ${response.text}`, marks: [] };
  const placed = newAreas(before, command, response);
  switch (law) {
    case "no-overlap":
      return overlap(before, placed);
    case "in-window":
      return outsideWindow(before, command, placed);
    case "guard-gap":
    case "guard-between-vmaps":
      return tooNear(before, placed);
    case "refused-only-when-full":
    case "pools-hide-no-room":
      return refused(before, command) ?? congruent(before, command, response);
    case "free-space-is-usable":
    case "blocks-pack":
      return unused(before, command, response) ?? congruent(before, command, response);
    case "purge-only-when-full":
      return purgedEarly(before, command);
    case "highest-congruent-fit":
      return congruent(before, command, response);
    case "nothing-leaks":
      return leaked(before, after ?? before, command);
    case "argument-domain":
      return outside(before, command, response);
    case "flush-only-once":
      return flushedAgain(before, response);
    case "one-flush-per-purge":
      return { text: `It flushed ${response.flushes.length} times.`, marks: [] };
    case "flush-before-reuse":
      return reused(before, placed);
    case "lazy-bounded":
      return lazy(after ?? before);
    case "unmapped-means-no-pte":
      return leftPtes((after ?? before).dead);
    default:
      return (
        reached(command, response, before) ??
        translated(response, after ?? before) ??
        higher(law, before, command, response)
      );
  }
}

function overlap(before: ImmutableWorld, placed: readonly Extent[]): Blame | undefined {
  for (const area of placed) {
    const [other] = before.areasIn(area);
    if (other === undefined) continue;
    const text = `${extentText(area)} was placed on ${extentText(other)}, which is taken.`;
    return { text, marks: [{ row: "area", ...area, says: text }] };
  }
  return undefined;
}

function outsideWindow(
  before: ImmutableWorld,
  command: Command,
  placed: readonly Extent[],
): Blame | undefined {
  const request = requestOf(before, command);
  const [area] = placed;
  if (request === undefined || area === undefined) return undefined;
  const window = { start: request.vstart, end: request.vend };
  const text = `${extentText(area)} does not lie in the window ${extentText(window)} that was asked for.`;
  return { text, marks: [{ row: "area", ...area, says: text }] };
}

function tooNear(before: ImmutableWorld, placed: readonly Extent[]): Blame | undefined {
  const [area] = placed;
  if (area === undefined) return undefined;
  const { afterArea, beforeNext } = before.promises.guard;
  const reach = Math.max(1, afterArea, beforeNext);
  const other = before.areas.find(({ start, end }) => start < area.end + reach && end + reach > area.start);
  if (other === undefined) return undefined;
  const text = `${extentText(area)} has no guard page between it and ${extentText(other)}.`;
  return { text, marks: [{ row: "area", ...area, says: text }] };
}

function refused(before: ImmutableWorld, command: Command): Blame | undefined {
  const request = requestOf(before, command);
  const fit = request && before.lowestFit(request, "gone");
  if (request === undefined || fit === undefined) return undefined;
  const text = `It was refused, and ${pagesText(request.size)} fit at page ${page(fit)}.`;
  return { text, marks: [{ row: "area", start: fit, end: fit + request.size, says: text }] };
}

/** Free pages of the wanted size, which it did not use. */
function unused(before: ImmutableWorld, command: Command, response: Response): Blame | undefined {
  const request = requestOf(before, command);
  const isRefused = response.kind === "refused";
  const free = request && before.lowestFree(request, isRefused ? "gone" : "taken");
  if (request === undefined || free === undefined) return undefined;
  const text = `It ${isRefused ? "was refused" : "purged"}, and the ${pagesText(request.size)} from ${page(free)} on are free.`;
  return { text, marks: [{ row: "area", start: free, end: free + request.size, says: text }] };
}

function purgedEarly(before: ImmutableWorld, command: Command): Blame | undefined {
  const request = requestOf(before, command);
  const fit = request && before.lowestFit(request, "taken");
  if (request === undefined)
    return {
      text: `It purged, with ${pagesText(before.lazyPages)} lazy before it: the limit is ${lazyLimit(before)}.`,
      marks: [],
    };
  if (fit === undefined) return undefined;
  const text = `It purged, and ${pagesText(request.size)} fit at page ${page(fit)} before that.`;
  return { text, marks: [{ row: "area", start: fit, end: fit + request.size, says: text }] };
}

function congruent(before: ImmutableWorld, command: Command, response: Response): Blame | undefined {
  if (command.op !== "pcpuGet") return undefined;
  const fit = before.highestCongruentFit(command, purgeableAtPlacement(response));
  if (fit === undefined) return undefined;
  const was = response.kind === "placed" ? `was placed at ${page(response.start)}` : "was refused";
  const text = `The areas fit at the base ${page(fit)}, and it ${was}.`;
  const marks = command.offsets.map((offset, nth): Mark => {
    const start = fit + offset;
    return { row: "area", start, end: start + (command.sizes[nth] ?? 1), says: text };
  });
  return { text, marks };
}

/** A descriptor, a block in which nothing is mapped, or a block that was not needed. */
function leaked(before: ImmutableWorld, after: ImmutableWorld, { op }: Command): Blame {
  const left = after.leakedDescriptors - before.leakedDescriptors;
  if (left > 0)
    return {
      text: `${left === 1 ? "A descriptor belongs" : `${left} descriptors belong`} to no area and no block, and nothing will free ${left === 1 ? "it" : "them"}.`,
      marks: [],
    };
  const blocks = after.areas.filter(isFragmented);
  const text =
    op === "mapRam"
      ? "It got a new block, and a block of its CPU has room."
      : `${blocks.length === 1 ? "A block is" : `${blocks.length} blocks are`} left in which nothing is mapped.`;
  return { text, marks: blocks.map(({ start, end }): Mark => ({ row: "area", start, end, says: text })) };
}

function outside(before: ImmutableWorld, command: Command, response: Response): Blame {
  const text =
    response.usedAbsentCpu === true
      ? "It used the number of a CPU that is not possible."
      : outsideOf(before, command) === undefined
        ? "It was refused, and its caller holds what it frees."
        : "The call is outside its domain. It was carried out: neither refused, nor only warned about.";
  return { text, marks: [] };
}

/** Where it fits lower, for the laws of the lowest fit. */
function higher(
  law: string,
  before: ImmutableWorld,
  command: Command,
  response: Response,
): Blame | undefined {
  const request = requestOf(before, command);
  const [area] = newAreas(before, command, response);
  if (!law.startsWith("lowest-") || request === undefined || area === undefined) return undefined;
  const fit = before.lowestFit(request, purgeableAtPlacement(response));
  if (fit === undefined || fit >= area.start) return undefined;
  const text = `It fits at page ${page(fit)}, and was placed higher, at ${page(area.start)}.`;
  return { text, marks: [{ row: "area", start: fit, end: fit + request.size, says: text }] };
}

function reused(before: ImmutableWorld, placed: readonly Extent[]): Blame | undefined {
  const area = placed.find((each) => before.unflushedIn(each));
  if (area === undefined) return undefined;
  const text = `${extentText(area)} is used again, and no flush has covered it since it was freed.`;
  return { text, marks: [{ row: "area", ...area, says: text }] };
}

function flushedAgain(before: ImmutableWorld, response: Response): Blame | undefined {
  const flush = response.flushes.find((each) => !before.unflushedIn(each));
  if (flush === undefined) return undefined;
  const text = `${extentText(flush)} was flushed, and nothing in it was unmapped since the last flush.`;
  return { text, marks: [{ row: "pte", ...flush, says: text }] };
}

function lazy(world: ImmutableWorld): Blame {
  const limit = lazyLimit(world);
  const text = `${pagesText(world.lazyPages)} are lazy: more than the limit of ${limit}.`;
  const marks = world.areas
    .filter(({ life }) => life === "lazy")
    .map(({ start, end }): Mark => ({ row: "area", start, end, says: "lazy" }));
  return { text, marks };
}

function leftPtes(dead: readonly StaleMapping[]): Blame | undefined {
  const left = dead.filter(({ ptes }) => ptes === "there");
  const [first] = left;
  if (first === undefined) return undefined;
  const text = `Page ${page(first.start)} was unmapped, and its PTE still maps frame ${first.frame}.`;
  return { text, marks: left.map(({ start, end }): Mark => ({ row: "pte", start, end, says: text })) };
}

/** A read or write that reached a frame which its page does not map any more. */
function reached(command: Command, response: Response, before: ImmutableWorld): Blame | undefined {
  if (command.op !== "touch" || response.kind !== "reached" || response.frame === null) return undefined;
  const held = before.frameAt(command.page);
  if (held === response.frame) return undefined;
  const now = held === undefined ? "no caller holds the page mapped" : `the page maps frame ${held} now`;
  const text = `CPU ${command.cpu} reached frame ${response.frame} at page ${page(command.page)}, and ${now}.`;
  return { text, marks: [{ row: "tlb", cpu: command.cpu, ...onePage(command.page), says: text }] };
}

/** What a CPU, or a page table, still translates. */
function translated(response: Response, world: ImmutableWorld): Blame | undefined {
  if (response.kind === "pinned") return pinned(response.frame, world);
  if (response.kind !== "done" || response.aliases === undefined) return undefined;
  const { staleTlb, deadTlb, deadPtes } = response.aliases;
  const entries = deadTlb.length > 0 ? deadTlb : staleTlb;
  const marks = entries.map((entry): Mark => {
    const says = `CPU ${entry.cpu} still translates page ${page(entry.page)} to frame ${entry.frame}`;
    return { row: "tlb", cpu: entry.cpu, ...onePage(entry.page), says };
  });
  const [first] = marks;
  if (first !== undefined) {
    const more = marks.length > 1 ? `, and there are ${marks.length - 1} more` : "";
    return { text: `${first.says}${more}: its owner unmapped it before.`, marks };
  }
  return deadPtes > 0 ? leftPtes(world.dead) : undefined;
}

function pinned(frame: number, world: ImmutableWorld): Blame | undefined {
  const marks: Mark[] = [];
  for (const { start, end, frame: first, ptes } of world.dead) {
    if (ptes === "gone" || frame < first || frame >= first + (end - start)) continue;
    const at = start + (frame - first);
    marks.push({ row: "pte", ...onePage(at), says: `the PTE of page ${page(at)} still maps frame ${frame}` });
  }
  for (const [cpu, tlb] of world.tlbs)
    for (const [at, to] of tlb) {
      if (to !== frame) continue;
      const says = `CPU ${cpu} still translates page ${page(at)} to frame ${frame}`;
      marks.push({ row: "tlb", cpu, ...onePage(at), says });
    }
  const [first] = marks;
  return first && { text: `Frame ${frame} becomes a page table, and ${first.says}.`, marks };
}
