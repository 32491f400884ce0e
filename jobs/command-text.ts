/** Commands and replies in words. */
import { type AliasReport, type Command, type Response, recordOf } from "../spec/vmap/commands.ts";
import { possibleCpus, type Scope } from "../spec/vmap/scope.ts";
import { LARGE, page, type Vpn } from "../spec/vmap/vocabulary.ts";

export { LARGE, page };

/** `[16,18)`. */
export function extentText({ start, end }: { readonly start: Vpn; readonly end: Vpn }): string {
  return `[${page(start)},${page(end)})`;
}

export function commandText(command: Command): string {
  return recordOf(command).says(command);
}

/** How large a space is: by its bits, where addresses have those of a real machine. */
export function spaceText({ wordPages }: Scope): string {
  for (const bits of [32, 64]) if (wordPages === 2 ** (bits - PAGE_BITS)) return `a ${bits}-bit space`;
  return `a space of ${wordPages} pages`;
}

const PAGE_BITS = 12;

/** How many CPUs a machine has, or which, where their numbers have gaps. */
export function cpusText(scope: Scope): string {
  if (scope.absentCpus !== undefined) return `CPUs ${possibleCpus(scope).join(", ")}`;
  return `${scope.cpus} CPU${scope.cpus === 1 ? "" : "s"}`;
}

/** Flushes of one reply that are written out. */
const MOST_FLUSHES = 4;

export function responseText(response: Response): string {
  const shown = response.flushes.slice(0, MOST_FLUSHES).map(extentText);
  const more = response.flushes.length - shown.length;
  const flushed = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(" ");
  const absent = response.usedAbsentCpu ? ", used data of a CPU that is not possible" : "";
  const warned = response.warning === undefined ? "" : `, warned: ${warningText(response.warning)}`;
  const { failing, leaked } = response;
  const failed =
    failing === undefined
      ? ""
      : `; where its allocation ${failing.allocation} of memory fails, it ${FAILED[failing.wrong]}: ${failing.text}`;
  const left =
    leaked === undefined
      ? ""
      : `; nothing is held now, and allocations of memory are more by ${leaked} than at first`;
  return `${resultText(response)}${warned}${flushed === "" ? "" : `, flushed ${flushed}`}${absent}${failed}${left}`;
}

const FAILED = {
  stops: "does not return",
  leaves: "is refused, and leaves",
  succeeds: "succeeds, and leaves",
} as const;

/** A condition as C has it, in brackets, by the macro that tests it: `(ret)` alone says nothing. */
const warningText = (warning: string) => (/^\(.*\)$/.test(warning) ? `WARN_ON${warning}` : warning);

function resultText(response: Response): string {
  switch (response.kind) {
    case "placed":
      return `placed at ${page(response.start)}${response.mapStopped ? ", mapping stopped at a PTE already there" : ""}`;
    case "refused":
      return "refused";
    case "reached":
      if (response.frame === null) return "faulted";
      return `reached frame ${response.frame} ${response.hit ? "through the TLB" : "through the page table"}`;
    case "found":
      return response.start === null ? "found no area" : `found the area at ${page(response.start)}`;
    case "bug":
      return `BUG: ${response.text}`;
    case "hung":
      return `does not return: ${response.text}`;
    case "crashed":
      return `CRASH: ${response.text}`;
    case "silent":
      return `NO ANSWER: ${response.text}`;
    case "pinned": {
      const repaired = response.traps > 0 ? `, ${response.traps} repaired by the host` : "";
      return `pinned frame ${response.frame}${repaired}${ptesText(response.ptes, "still map it")}`;
    }
    case "done":
      return `done${response.aliases === undefined ? "" : aliasText(response.aliases)}`;
  }
}

function ptesText(count: number, what: string): string {
  return count === 0 ? "" : `, ${count} PTE${count === 1 ? "" : "s"} ${what}`;
}

/** The translations left after their owner freed the page: the first such entry, and the number of others. */
function aliasText({ staleTlb, deadTlb, deadPtes }: AliasReport): string {
  const entries = deadTlb.length > 0 ? deadTlb : staleTlb;
  const [first] = entries;
  const more = entries.length > 1 ? ` and ${entries.length - 1} more` : "";
  const translated =
    first === undefined
      ? ""
      : `, CPU ${first.cpu} still translates ${page(first.page)} to frame ${first.frame}${more}`;
  return `${translated}${ptesText(deadPtes, "without an owner")}`;
}
