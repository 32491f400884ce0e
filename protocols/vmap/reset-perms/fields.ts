/**
 * The state of vfree of an area with VM_FLUSH_RESET_PERMS: areas of one page, which has an address in the direct map
 * as well, or none if it is in high memory. Addresses of areas come first, those of the direct map after them.
 */
import { type Field, FLAG, type Layout, named, noneOr, plain, upTo } from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface ResetPermsScope {
  readonly cpus: number;
  readonly areas: number;
}

/** The life of an area. */
export const [FREE, BUSY, LAZY, PURGING] = [0, 1, 2, 3] as const;

export type ResetPerms = ReturnType<typeof fieldsOf>;
export type CpuFields = ResetPerms["cpus"][number];

export function fieldsOf(layout: Layout, scope: ResetPermsScope) {
  const { cpus, areas } = scope;
  const most = 2 * areas + 1;
  const address = plain(most + 1, (value) => (value === most ? "MAX" : String(value)));
  return {
    scope,
    /** ULONG_MAX: above every address. */
    most,
    purgeLock: layout.field("purge lock", noneOr(cpus, "CPU")),
    areas: upTo(areas).map((index) => ({
      index,
      life: layout.field(`life of area ${index}`, named("free", "busy", "lazy", "purging")),
      /** Whether its page is in high memory. */
      isHigh: layout.field(`is high of area ${index}`, FLAG),
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The direct-map address of the page that its call frees; 0 if there is none. */
      direct: layout.field(`direct of CPU ${index}`, address),
      /** The range to flush, and whether to flush it even if there is nothing to purge. */
      start: layout.field(`start of CPU ${index}`, address),
      end: layout.field(`end of CPU ${index}`, address),
      asks: layout.field(`asks of CPU ${index}`, FLAG),
    })),
  };
}

/** The direct-map address of an area's page, if it has one. */
export const directOf = ({ scope }: ResetPerms, { index }: { readonly index: number }) => scope.areas + index;

export const livesOf = ({ areas }: ResetPerms): readonly Field[] => areas.map(({ life }) => life);
