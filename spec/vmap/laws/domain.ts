/** Which calls are outside their domain, and that they change nothing. */
import type { Call } from "../commands/command.ts";
import { type Command, type Response, recordOf } from "../commands.ts";
import { comesBeforeInit } from "../history.ts";
import type { Outside } from "../outside.ts";
import type { Scope } from "../scope.ts";
import type { World } from "../world.ts";
import type { VmapLaw } from "./law.ts";

/** The kind of call outside its domain that this is; undefined where it is inside. */
export function outsideOf(before: World, command: Command): Outside | undefined {
  const record = recordOf(command);
  return record.inDomain(before, command) ? undefined : record.outside(before, command);
}

/** Whether a call is inside its domain: nor does it come before vmalloc_init, unless it may. */
export function isLegal(before: World, command: Command): boolean {
  if (!before.initialised && !comesBeforeInit(command)) return false;
  return outsideOf(before, command) === undefined;
}

/**
 * Elsewhere callers free only what is held: what is left outside a domain is a map of nothing, and the number of a CPU
 * that is not possible.
 */
function isTriedIn({ outside, counts, absentCpus }: Scope, calls: readonly Call[]): boolean {
  return outside === true || (calls.includes("map") && (counts.includes(0) || absentCpus !== undefined));
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
  says: "A call outside its domain changes nothing: one for no page, or a free or unmap of what the caller does not hold. It is refused or warned about; the kernel stops there only if its release has no check for such a call. A free or unmap of what is held is not refused. A CPU number that is not possible is never used.",
  source:
    "catalogue section 9, C14, C12 (a34acf30b19b); what each release has for such a call: docs/findings.md",
  isTriedIn,
  isPromisedByAll: true,
  holds(before, command, response, after) {
    if (response.usedAbsentCpu === true) return false;
    const outside = before.initialised ? outsideOf(before, command) : undefined;
    if (outside === undefined) return response.kind !== "refused" || !FREES.includes(command.op);
    if (response.kind === "bug") return before.promises.outside[outside] !== "refused";
    return isRefused(before, command, response, after);
  },
};
