/** Page tables, TLBs and walk caches: what CPUs of the mm reach, and what a flush leaves them. */
import type { Command } from "../../spec/gather/commands.ts";
import type { Event, Flush, Reached } from "../../spec/gather/response.ts";
import { PTES_OF_TABLE, type Scope, tableOf, tablesOf } from "../../spec/gather/scope.ts";
import { type Addr, type Cpu, PAGE, type Pfn, type TableId } from "../../spec/gather/vocabulary.ts";

interface HardwareCpu {
  readonly how: "active" | "lazy" | "none";
  readonly tlb: ReadonlyMap<Addr, Pfn>;
  /** Tables whose address its walker keeps. */
  readonly walks: ReadonlySet<TableId>;
  /** It was lazy and passed a flush: it makes up for it before it runs the mm again. */
  readonly behind: boolean;
}

export interface Hardware {
  ptes: ReadonlyMap<Addr, Pfn>;
  linked: ReadonlySet<TableId>;
  freedTables: ReadonlySet<TableId>;
  cpus: readonly HardwareCpu[];
  /** CPUs on which a lockless walker has interrupts off. */
  walking: ReadonlySet<Cpu>;
}

const IDLE: HardwareCpu = { how: "none", tlb: new Map(), walks: new Set(), behind: false };

export function newHardware(scope: Scope): Hardware {
  const { cpus, pages, frames } = scope;
  return {
    ptes: new Map(pages.map((addr, nth) => [addr, frames[nth] as Pfn])),
    linked: tablesOf(scope),
    freedTables: new Set(),
    cpus: new Array(cpus).fill(IDLE),
    walking: new Set(),
  };
}

/** Its parts never change: each change makes a new one. */
export const copyHardware = (hardware: Hardware): Hardware => ({ ...hardware });

const without = <K, V>(map: ReadonlyMap<K, V>, isGone: (key: K) => boolean): ReadonlyMap<K, V> =>
  map.size === 0 ? map : new Map([...map].filter(([key]) => !isGone(key)));

function change(hardware: Hardware, cpu: Cpu, fields: Partial<HardwareCpu>): void {
  hardware.cpus = hardware.cpus.with(cpu, { ...(hardware.cpus[cpu] as HardwareCpu), ...fields });
}

/** What a command does to page tables, then what the events of its reply do to the CPUs. */
export function follow(hardware: Hardware, scope: Scope, command: Command, events: readonly Event[]): void {
  // Without calls in its scope a machine has nothing to observe: recordings.
  if (scope.calls.length === 0 && scope.pages.length === 0) return;
  clear(hardware, scope, command);
  for (const event of events) {
    switch (event.kind) {
      case "flush":
        flush(hardware, event);
        break;
      case "hashPage":
        drop(hardware, (addr) => addr === event.addr);
        break;
      case "hashRange":
        for (const [first, count] of event.runs)
          drop(hardware, (addr) => first <= addr && addr < first + count * PAGE);
        break;
      case "ipi":
        // Answered once interrupts are on again.
        hardware.walking = new Set();
        break;
      case "tableFree":
        hardware.freedTables = new Set([...hardware.freedTables, event.id]);
        break;
      default:
    }
  }
}

/** Clears entries, and unlinks tables. s390 flushes an entry with the instruction that clears it. */
function clear(hardware: Hardware, { arch }: Scope, command: Command): void {
  const [first, last] = clearedBy(command, arch === "ppc64");
  if (first < last) {
    hardware.ptes = without(hardware.ptes, (addr) => first <= addr && addr < last);
    if (arch === "s390") drop(hardware, (addr) => first <= addr && addr < last);
  }
  if (command.op === "freeTable" || command.op === "collapse") {
    const id = command.op === "freeTable" ? command.id : command.table;
    hardware.linked = new Set([...hardware.linked].filter((each) => each !== id));
  }
}

/** The addresses whose entries a command clears. */
function clearedBy(command: Command, hashed: boolean): readonly [Addr, Addr] {
  switch (command.op) {
    case "zap":
      return [command.addr, command.addr + command.n * PAGE];
    case "hpte":
      return [command.addr, command.addr + (command.n ?? 1) * PAGE];
    case "removeEntry":
      return hashed ? [0, 0] : [command.addr, command.addr + (command.n ?? 1) * PAGE];
    default:
      return [0, 0];
  }
}

/** Drops translations from every TLB. */
function drop(hardware: Hardware, isGone: (addr: Addr) => boolean): void {
  hardware.cpus = hardware.cpus.map((cpu) => ({ ...cpu, tlb: without(cpu.tlb, isGone) }));
}

/** Lazy CPUs obey only flushes that say that tables were freed, or do not say. */
function flush(hardware: Hardware, { what, fullmm, all, start, end, freedTables }: Flush): void {
  const whole = what === "mm" || fullmm === 1 || all === 1 || start === undefined || end === undefined;
  const inRange = (addr: Addr) => whole || ((start as Addr) <= addr && addr < (end as Addr));
  hardware.cpus = hardware.cpus.map((cpu) => {
    if (cpu.how === "lazy" && freedTables === 0) return { ...cpu, behind: true };
    return {
      ...cpu,
      tlb: without(cpu.tlb, inRange),
      walks:
        freedTables === 0 ? cpu.walks : new Set([...cpu.walks].filter((id) => !inRange(id * PTES_OF_TABLE))),
    };
  });
}

/** A CPU loads the mm, or keeps it for a kernel thread. Without the mm it keeps nothing. */
export function load(hardware: Hardware, cpu: Cpu, how: HardwareCpu["how"]): void {
  const now = hardware.cpus[cpu] as HardwareCpu;
  if (how === "none" || (how === "active" && now.behind)) change(hardware, cpu, { ...IDLE, how });
  else change(hardware, cpu, { how });
}

export function walk(hardware: Hardware, cpu: Cpu, begins: boolean): void {
  const others = [...hardware.walking].filter((each) => each !== cpu);
  hardware.walking = new Set(begins ? [...others, cpu] : others);
}

export function insert(hardware: Hardware, addr: Addr, pfn: Pfn): void {
  hardware.ptes = new Map([...hardware.ptes, [addr, pfn]]);
}

/**
 * An access; of a lazy CPU a speculative walk, which uses no translation but may go through any table. The hash MMU walks no tables, and keeps
 * none; nor does the minimal architecture that invalidates nothing.
 */
export function touch(hardware: Hardware, cpu: Cpu, addr: Addr, keepsTables: boolean): Reached {
  const { how, tlb, walks } = hardware.cpus[cpu] as HardwareCpu;
  const held = tlb.get(addr);
  if (held !== undefined && how === "active") return { frame: held, by: "tlb" };
  const table = tableOf(addr);
  if (walks.has(table) && hardware.freedTables.has(table))
    return { frame: undefined, by: "walk of a freed table" };
  if (!hardware.linked.has(table) && !walks.has(table)) return { frame: undefined, by: "fault" };
  const frame = hardware.ptes.get(addr);
  change(hardware, cpu, {
    walks: walks.has(table) || !keepsTables ? walks : new Set([...walks, table]),
    tlb: frame === undefined ? tlb : new Map([...tlb, [addr, frame]]),
  });
  return { frame, by: frame === undefined ? "fault" : "walk" };
}
