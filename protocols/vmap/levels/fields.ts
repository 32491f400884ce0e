/**
 * The state of two levels of page tables: regions of two pages, each with an upper entry that is empty, leads to a table,
 * or maps two contiguous frames; and what walkers of each CPU hold of it.
 */
import {
  bitsOf,
  type Field,
  FLAG,
  type Layout,
  named,
  noneOr,
  plain,
  upTo,
} from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface LevelsScope {
  readonly cpus: number;
  readonly regions: number;
  readonly tables: number;
  /** Pairs of contiguous frames that vmalloc may get; one more pair is a device's. */
  readonly pairs: number;
  /** Whether a device walks the kernel's page tables too, through its IOMMU. */
  readonly devices: boolean;
}

/** What follows a change of an upper entry, beside the flush of CPUs. */
export interface Follows {
  /** Whether a flush reaches the IOMMU. */
  readonly flushesDevices: boolean;
  /** When other roots get an upper entry: at a fault; when a mapping succeeds; also when it fails. */
  readonly syncs: "at faults" | "if all is mapped" | "always";
}

/** A region: free, being mapped, held, lazy. */
export const [FREE, MAKING, LIVE, LAZY] = [0, 1, 2, 3] as const;
/** A table: free, in use, or taken out of its entry and about to be freed. */
export const [UNUSED, USED, TAKEN_OUT] = [0, 1, 2] as const;
export const SMALL = 0;
export const HUGE = 1;

export type Levels = ReturnType<typeof fieldsOf>;
export type RegionFields = Levels["regions"][number];
export type PageFields = RegionFields["pages"][number];
export type TableFields = Levels["tables"][number];
export type CpuFields = Levels["cpus"][number];

export function fieldsOf(layout: Layout, scope: LevelsScope, follows: Follows) {
  const { cpus, regions, tables, pairs } = scope;
  const frames = 2 * (pairs + 1);
  const frame = noneOr(frames, "frame");
  const upper = plain(1 + tables + pairs + 1, (value) =>
    value === 0
      ? "none"
      : value <= tables
        ? `table ${value - 1}`
        : `frames ${2 * (value - 1 - tables)} and on`,
  );
  return {
    scope,
    ...follows,
    frames,
    /** Frames of vmalloc in use. */
    used: layout.field("frames in use", bitsOf(2 * pairs)),
    /** ptdump holds init_mm's mmap lock, and is at this table. */
    dumps: layout.field("ptdump", noneOr(tables, "table")),
    tables: upTo(tables).map((index) => ({
      index,
      life: layout.field(`life of table ${index}`, named("free", "in use", "taken out")),
      leaves: upTo(2).map((at) => layout.field(`leaf ${at} of table ${index}`, frame)),
    })),
    regions: upTo(regions).map((index) => ({
      index,
      life: layout.field(`life of region ${index}`, named("free", "making", "live", "lazy")),
      isDevice: layout.field(`device of region ${index}`, FLAG),
      upper: layout.field(`upper ${index}`, upper),
      /** Whether the other roots have that entry too. */
      isSynced: layout.field(`synced of region ${index}`, FLAG),
      /** By index, the table that the device's walker holds of it. */
      device: scope.devices ? layout.field(`device at region ${index}`, noneOr(tables, "table")) : undefined,
      pages: upTo(2).map((at) => ({
        index: 2 * index + at,
        at,
        /** The frame that its owner has there; none where he unmapped the page. */
        owners: layout.field(`owner's frame at page ${2 * index + at}`, frame),
      })),
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The size that its call maps with: small or huge entries. */
      shift: layout.field(`shift of CPU ${index}`, named("small", "huge")),
      /** By region, the table that its walker holds; by page, the frame that its TLB holds. */
      walker: upTo(regions).map((at) =>
        layout.field(`walker of CPU ${index}, region ${at}`, noneOr(tables, "table")),
      ),
      tlb: upTo(2 * regions).map((at) => layout.field(`tlb of CPU ${index}, page ${at}`, frame)),
    })),
  };
}

/** An upper entry's number, for a table and for a pair of frames. */
export const toTable = (table: number) => table + 1;
export const toPair = ({ scope }: Levels, pair: number) => 1 + scope.tables + pair;

/** The frame, plus one, to which an upper entry leads; 0 for none. */
export function frameThrough(m: Levels, entry: number, at: number, state: Int32Array): number {
  const { tables } = m.scope;
  if (entry === 0) return 0;
  if (entry > tables) return 2 * (entry - 1 - tables) + at + 1;
  return m.tables[entry - 1]?.leaves[at]?.get(state) ?? 0;
}

export const leavesOf = ({ tables }: Levels): readonly Field[] => tables.flatMap(({ leaves }) => leaves);
export const livesOf = ({ tables }: Levels): readonly Field[] => tables.map(({ life }) => life);
