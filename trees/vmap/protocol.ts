/** Requests and replies of an allocator in a child process, as lines (docs/drive.md). */
import type { Command } from "../../spec/vmap/commands.ts";
import { lazyMaxPages, type Scope } from "../../spec/vmap/scope.ts";
import type { Extent, Pages, Pfn, Vpn } from "../../spec/vmap/vocabulary.ts";
import { bytes, type Field, fieldsOf, hex, wrongIn } from "./fields.ts";
import type { Hello, Tells } from "./hello.ts";

/** The contents of a reply. */
export interface Reply {
  readonly result:
    | { readonly kind: "addr"; readonly page: Vpn }
    | { readonly kind: "found"; readonly page: Vpn | null }
    | { readonly kind: "ok" }
    | { readonly kind: "err" | "bug"; readonly text: string };
  /** In their order. */
  readonly effects: readonly Effect[];
  /** Counts that were reported. */
  readonly counts: ReadonlyMap<Tells, number>;
  readonly warning: string | undefined;
  /** Mapping stopped at a present PTE. */
  readonly stopped: boolean;
  /** Data of a CPU that is not possible was used. */
  readonly absentCpu: boolean;
}

export type Effect =
  | { readonly kind: "flush"; readonly extent: Extent }
  | { readonly kind: "set"; readonly page: Vpn; readonly pages: Pages; readonly frame: Pfn }
  | { readonly kind: "clr"; readonly page: Vpn; readonly pages: Pages };

/** The most pages that one field may set or clear. */
const MOST_PAGES = 2 ** 20;

/** How a machine of this scope begins: its CPUs, the vmalloc window, lazy_max_pages, absent CPUs. */
export function initLine(scope: Scope, endsInside: boolean): string {
  const { cpus, vmalloc, absentCpus = [] } = scope;
  const absent = absentCpus.reduce((mask, cpu) => mask + 2 ** cpu, 0);
  const lazy = hex(lazyMaxPages(scope));
  return `init ${hex(cpus)} ${bytes(vmalloc.vstart)} ${endOf(vmalloc.vend, endsInside)} ${lazy} ${hex(absent)}`;
}

/** Where a window ends: at that page, or with its last byte. */
const endOf = (page: Vpn, endsInside: boolean) => (endsInside ? `${hex(page)}fff` : bytes(page));

/** The request that a command is; `frame`: the first that it may map; `isVmap`: what it frees is of vmap. */
export function requestLine(command: Command, frame: Pfn, isVmap: boolean): string {
  switch (command.op) {
    case "alloc": {
      const { cpu = 0, size, align, vstart, vend, map, noblock, endsInside } = command;
      const first = map ? hex(frame) : "0";
      const end = endOf(vend, endsInside === true);
      return `alloc ${hex(cpu)} ${bytes(size)} ${hex(align)} ${bytes(vstart)} ${end} ${first} ${noblock ? 1 : 0}`;
    }
    case "free":
      return `${isVmap ? "vunmap" : "free"} 0 ${bytes(command.start)}`;
    case "mapRam":
      return `map ${hex(command.cpu)} ${hex(command.count)} ${hex(frame)}`;
    case "unmapRam":
      return `unmap ${hex(command.cpu)} ${bytes(command.start)} ${hex(command.count)}`;
    case "vmap":
      return `vmap 0 ${hex(command.count)} ${hex(frame)} ${command.noGuard ? 1 : 0}`;
    case "find":
      return `find 0 ${bytes(command.page)}`;
    case "pcpuGet": {
      const { offsets, sizes, align } = command;
      const numbers = [...offsets, ...sizes].map(bytes).join(" ");
      return `pget 0 ${hex(align)} ${hex(offsets.length)} ${numbers}`;
    }
    case "pcpuFree": {
      const offsets = command.offsets.map(bytes);
      return `pfree 0 ${bytes(command.start)} ${hex(offsets.length)} ${offsets.join(" ")}`;
    }
    case "purge":
      return "purge 0";
    case "unmapAliases":
      return "aliases 0";
    default:
      throw new RangeError(`${command.op} is no request to an allocator`);
  }
}

/** Reads the reply to a request. Throws a ChildError for a malformed one. */
export function readReply(line: string, { tells }: Pick<Hello, "tells">): Reply {
  const results: Reply["result"][] = [];
  const effects: Effect[] = [];
  const counts = new Map<Tells, number>();
  let [warning, stopped, absentCpu]: [string | undefined, boolean, boolean] = [undefined, false, false];
  const announced = (field: Field, name: Tells) => {
    if (!tells.has(name)) throw field.wrong(`no such field, as hello does not say "tells ${name}"`);
  };
  for (const field of fieldsOf(line)) {
    switch (field.name) {
      case "addr":
        results.push({ kind: "addr", page: field.address(0) });
        break;
      case "found":
        results.push({ kind: "found", page: field.words.length === 0 ? null : field.address(0) });
        break;
      case "ok":
        results.push({ kind: "ok" });
        break;
      case "err":
      case "bug":
        results.push({ kind: field.name, text: field.text() });
        break;
      case "flush":
        announced(field, "flush");
        effects.push({ kind: "flush", extent: field.flushed() });
        break;
      case "set":
        announced(field, "pte");
        effects.push({
          kind: "set",
          page: field.address(0),
          frame: field.number(1),
          pages: pagesIn(field, 2),
        });
        break;
      case "clr":
        announced(field, "pte");
        effects.push({ kind: "clr", page: field.address(0), pages: pagesIn(field, 1) });
        break;
      case "lazy":
      case "live":
      case "rcu":
      case "work":
        announced(field, field.name);
        counts.set(field.name, field.name === "lazy" ? field.signed(0) : field.number(0));
        break;
      case "warn":
        warning ??= field.text();
        break;
      case "stop":
        stopped = true;
        break;
      case "absent":
        absentCpu = true;
        break;
      default:
        throw field.wrong("a field of docs/drive.md");
    }
  }
  const [result] = results;
  if (result === undefined || results.length > 1)
    throw wrongIn(line, "expected exactly one of addr, found, ok, err, bug");
  return { result, effects, counts, warning, stopped, absentCpu };
}

function pagesIn(field: Field, at: number): Pages {
  return field.words.length > at ? field.number(at, MOST_PAGES) : 1;
}
