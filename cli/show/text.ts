/** Commands and replies in words. */
import type { AliasReport, Alloc, Command, Response } from "../../spec/vmap/commands.ts";
import { possibleCpus, type Scope } from "../../spec/vmap/scope.ts";
import { type Bytes, PAGE_SIZE, type Vpn } from "../../spec/vmap/vocabulary.ts";

/** Above this, page numbers are shown as addresses: they are somebody's, and known so. */
export const LARGE: Vpn = 2 ** 20;

/** A page number; as an address in bytes where it is large. */
export function page(vpn: Vpn): string {
  return vpn < LARGE ? String(vpn) : `0x${(BigInt(vpn) * BigInt(PAGE_SIZE)).toString(16)}`;
}

/** `[16,18)`. */
export function extentText({ start, end }: { readonly start: Vpn; readonly end: Vpn }): string {
  return `[${page(start)},${page(end)})`;
}

/** Where a caller asks for an area, as `[16,20 and a part)` if its window ends inside page 20. */
function windowText({ vstart, vend, endsInside }: Pick<Alloc, "vstart" | "vend" | "endsInside">): string {
  const part = endsInside === true ? " and a part" : "";
  return `[${page(vstart)},${page(vend)}${part})`;
}

function alignment(align: Bytes): string {
  if (align === PAGE_SIZE) return "";
  return align < PAGE_SIZE
    ? ` align ${align} byte${align === 1 ? "" : "s"}`
    : ` align ${align / PAGE_SIZE} pages`;
}

function pagesText(count: number): string {
  return `${count} page${count === 1 ? "" : "s"}`;
}

export function commandText(command: Command): string {
  switch (command.op) {
    case "alloc": {
      const { size, align, map, cpu, noblock } = command;
      const more = `${map ? ", mapped" : ""}${cpu ? ` on CPU ${cpu}` : ""}${noblock ? ", not waiting" : ""}`;
      return `alloc ${pagesText(size)}${alignment(align)} in ${windowText(command)}${more}`;
    }
    case "free":
      return `free ${page(command.start)}`;
    case "find":
      return `find ${page(command.page)}`;
    case "vmap":
      return `vmap ${pagesText(command.count)}${command.noGuard ? ", VM_NO_GUARD" : ""}`;
    case "mapRam":
      return `mapRam ${pagesText(command.count)} on CPU ${command.cpu}`;
    case "unmapRam":
      return `unmapRam ${pagesText(command.count)} at ${page(command.start)}`;
    case "pcpuGet": {
      const { offsets, sizes, align } = command;
      const areas = offsets.map((offset, nth) => `${pagesText(sizes[nth] as number)} at +${offset}`);
      return `pcpuGet ${areas.join(", ")}${alignment(align)}`;
    }
    case "pcpuFree":
      return `pcpuFree ${command.offsets.map((offset) => page(command.start + offset)).join(", ")}`;
    case "unpin":
      return `unpin frame ${command.frame}`;
    case "touch":
      return `${command.write ? "write to" : "touch"} ${page(command.page)} from CPU ${command.cpu}`;
    default:
      return command.op;
  }
}

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
  const warned = response.warning === undefined ? "" : `, warned: ${response.warning}`;
  return `${resultText(response)}${warned}${flushed === "" ? "" : `, flushed ${flushed}`}${absent}`;
}

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

/** What is still translated although its owner let go: the first such entry, and how many more. */
function aliasText({ staleTlb, deadTlb, deadPtes }: AliasReport): string {
  const entries = deadTlb.length > 0 ? deadTlb : staleTlb;
  const [first] = entries;
  const more = entries.length > 1 ? ` and ${entries.length - 1} more` : "";
  const translated =
    first === undefined
      ? ""
      : `, CPU ${first.cpu} still translates ${page(first.page)} to frame ${first.frame}${more}`;
  return `${translated}${ptesText(deadPtes, "of nobody are there")}`;
}

/** Text in lines of at most `width` letters, indented; a longer word is cut. */
export function filled(text: string, indent: number, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).flatMap((each) => pieces(each, width - indent))) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${" ".repeat(indent)}${each}`.trimEnd());
}

function pieces(word: string, most: number): string[] {
  return word.match(new RegExp(`.{1,${most}}`, "gu")) ?? [];
}
