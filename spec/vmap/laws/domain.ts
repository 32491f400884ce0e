/** Which calls are outside their domain, and that they change nothing. */
import type { Command, Response, UnmapRam } from "../commands.ts";
import { comesBeforeInit } from "../history.ts";
import type { Outside } from "../outside.ts";
import { fitsBlock } from "../scope.ts";
import type { Vpn } from "../vocabulary.ts";
import type { World } from "../world.ts";
import type { VmapLaw } from "./law.ts";

/** The kind of call outside its domain that this is; undefined where it is inside. */
export function outsideOf(before: World, command: Command): Outside | undefined {
  switch (command.op) {
    case "alloc":
      return command.size > 0 ? undefined : "allocOfNothing";
    case "vmap":
      return command.count > 0 ? undefined : "vmapOfNothing";
    case "mapRam":
      return command.count > 0 ? undefined : "mapOfNothing";
    case "free":
      return before.busyAt(command.start) === undefined ? strayFree(before, command.start) : undefined;
    case "unmapRam":
      return before.holdsMap(command.start, command.count) ? undefined : strayUnmap(before, command);
    case "pcpuFree":
      return before.holdsPcpu(command.start, command.offsets) ? undefined : "percpuFreeElsewhere";
    default:
      return undefined;
  }
}

function strayFree(before: World, start: Vpn): Outside {
  const here = before.areasIn({ start, end: start + 1 });
  if (here.some(({ life }) => life === "busy")) return "freeElsewhere";
  return here.some((area) => area.start === start) ? "freeAgain" : "freeNowhere";
}

function strayUnmap(before: World, { start, count }: UnmapRam): Outside {
  if (count === 0) return "unmapOfNothing";
  const here = before.areasIn({ start, end: start + 1 });
  const busy = here.filter(({ life }) => life === "busy");
  if (fitsBlock(before.scope, count))
    return busy.some(({ block }) => block !== undefined) ? "unmapInBlock" : "unmapOffBlocks";
  if (busy.length > 0) return "unmapElsewhere";
  return here.length > 0 ? "unmapAgain" : "unmapNowhere";
}

/** Whether a call is inside its domain: nor does it come before vmalloc_init, unless it may. */
export function isLegal(before: World, command: Command): boolean {
  if (!before.initialised && !comesBeforeInit(command)) return false;
  return outsideOf(before, command) === undefined;
}

/** Whether a reply refuses a call outside its domain, or ignores it, warned about or not, and nothing is changed. */
function isRefused(before: World, { op }: Command, response: Response, after: World | undefined): boolean {
  const asks = op === "alloc" || op === "vmap" || op === "mapRam";
  if (response.kind !== "refused" && (asks || response.kind !== "done")) return false;
  if (response.flushes.length > 0 || response.pteCleared > 0 || response.pteSet > 0) return false;
  if ((after?.leakedDescriptors ?? 0) > before.leakedDescriptors) return false;
  return (response.lazyPages ?? before.lazyPages) === before.lazyPages;
}

const FREES: readonly Command["op"][] = ["free", "unmapRam", "pcpuFree"];

export const argumentDomain: VmapLaw = {
  id: "argument-domain",
  says: "A call outside its domain (of no page, or a free or an unmap of what is not held) is refused or warned about, and changes nothing; the kernel stops there only if its release has nothing better for such a call. A free or an unmap of what is held is not refused. A number outside its domain (a CPU that is not possible) is never used.",
  source:
    "catalogue section 9, C14, C12 (a34acf30b19b); what each release has for such a call: docs/findings.md",
  holds(before, command, response, after) {
    if (response.usedAbsentCpu === true) return false;
    const outside = before.initialised ? outsideOf(before, command) : undefined;
    if (outside === undefined) return response.kind !== "refused" || !FREES.includes(command.op);
    if (response.kind === "bug") return before.promises.outside[outside] !== "refused";
    return isRefused(before, command, response, after);
  },
};
