/** Reads /proc/vmallocinfo, of any release since 2.6.28; a file may hold several readings, each behind a title. */
import type { InfoArea, Snapshot } from "../../../spec/vmap/log.ts";
import { PAGE_SIZE } from "../../../spec/vmap/vocabulary.ts";
import { inputError } from "../../input-error.ts";
import { bytesOf, Names, pageOf, textLines, VMALLOCINFO } from "./log-text.ts";

/** `0xf73fe000-0xf7400000    8192 acpi_os_map_iomem+0x211/0x240 phys=0x3ffe1000 ioremap`. */
const AREA = /^\s*(0x[\da-f]+)\s*-\s*(0x[\da-f]+)\s+(\d+)(?:\s+(.*))?$/i;
const TITLE = /^\s*(?:=+|#)\s*(.*?)\s*=*$/;
/** Words behind the caller; the last that is there says what the area is for. */
const USES = [
  "unpurged vm_area",
  "vm_map_ram",
  "ioremap",
  "vmalloc",
  "vmap",
  "user",
  "dma-coherent",
  "sparse",
];
const HIDDEN = /^\s*(\(ptrval\)|\(____ptrval____\)|0x0+-0x0+)\b/;
/** A hashed pointer has 32 bits, and 64-bit kernels map nothing so low. */
const LOW = /^\s*0x0{8}[\da-f]{8}-0x0{8}[\da-f]{8}\b/i;
const AS_ROOT = "read it as root, with kernel.kptr_restrict=1";
/** What a title says of when a reading was made is its first word. */
export function snapshotNamed(snapshots: readonly Snapshot[], when: RegExp): Snapshot | undefined {
  return snapshots.findLast(({ title }) => when.test(title.split(/\s/)[0] as string));
}

/** More readings of one space than that are no file of ours. */
const MOST_SNAPSHOTS = 1000;

/** The readings in a file, in their order. Throws an InputError for what is none. */
export async function readVmallocinfo(file: string): Promise<readonly Snapshot[]> {
  const names = new Names();
  const snapshots: { readonly title: string; readonly areas: InfoArea[] }[] = [];
  for await (const { number, text } of textLines(file, VMALLOCINFO)) {
    const area = AREA.exec(text);
    if (area === null) {
      const title = TITLE.exec(text);
      if (title === null) throw inputError(file, number, whyNone(text));
      if (snapshots.length === MOST_SNAPSHOTS)
        throw inputError(file, number, `expected at most ${MOST_SNAPSHOTS} readings in a file`);
      snapshots.push({ title: names.once(title[1] as string), areas: [] });
      continue;
    }
    if (snapshots.length === 0) snapshots.push({ title: "", areas: [] });
    const [, from, to, bytes, rest = ""] = area;
    const [start, end] = [pageOf(from), pageOf(to)] as [number, number];
    if (HIDDEN.test(text)) throw inputError(file, number, whyNone(text));
    const isWhole = Number.isInteger(start) && Number.isInteger(end);
    const isOfItsSize = (end - start) * PAGE_SIZE === Number(bytes);
    if (!isWhole || (!isOfItsSize && LOW.test(text)))
      throw inputError(file, number, `has hashed addresses: ${AS_ROOT}`);
    if (start >= end) throw inputError(file, number, "expected an area with its end above its start");
    if (!isOfItsSize)
      throw inputError(file, number, `has ${bytes} bytes, and its addresses ${(end - start) * PAGE_SIZE}`);
    snapshots.at(-1)?.areas.push({ start, end, ...said(rest, names) });
  }
  const filled = snapshots.filter(({ areas }) => areas.length > 0);
  if (filled.length === 0) throw inputError(file, undefined, "has no areas: /proc/vmallocinfo was expected");
  return filled;
}

function said(rest: string, names: Names): Omit<InfoArea, "start" | "end"> {
  const use = USES.find((word) => new RegExp(`(^| )${word}( |$)`).test(rest)) ?? "";
  const [first = ""] = rest.split(" ");
  const isCaller = first !== "" && !first.includes("=") && !use.startsWith(first);
  return {
    lazy: use === "unpurged vm_area",
    caller: isCaller ? names.once(first.replace(/\+0x.*/, "")) : "",
    use: names.once(use),
    pages: bytesOf(/(?:^| )pages=(\d+)/.exec(rest)?.[1]),
  };
}

function whyNone(text: string): string {
  if (HIDDEN.test(text)) return `has hidden addresses: ${AS_ROOT}`;
  return `is no area (${JSON.stringify(text.slice(0, 24))}): 0xSTART-0xEND BYTES ... was expected`;
}
