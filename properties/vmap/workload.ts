/** What callers do on a machine that is explored: every command they may give, and when it can be given. */

import { AREA_CALLS, type Call, type Callers } from "../../spec/vmap/commands/command.ts";
import { type Command, RECORDS, recordOf } from "../../spec/vmap/commands.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { possibleCpus, type Scope } from "../../spec/vmap/scope.ts";
import type { Cpu, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { World } from "../../spec/vmap/world.ts";

/** The most pages whose frees and touches are listed one by one. */
const MOST_PAGES = 4096;
const CPU_0: readonly Cpu[] = [0];

/** How such callers ask for areas, unless at once on CPU 0. */
type Asking = Partial<Pick<Callers, "cpus" | "noblock">>;

/**
 * Every command of such callers. `everywhere`: they free and touch whatever page of the word was given out, not only
 * those of their windows. Throws a RangeError where that is too many.
 */
export function commandsOf(
  scope: Scope,
  calls: readonly Call[] = AREA_CALLS,
  everywhere = false,
  { cpus = CPU_0, noblock = false }: Asking = {},
): readonly Command[] {
  const pages = everywhere ? pagesBetween(0, scope.wordPages) : pagesOfWindows(scope, calls);
  const callers = { scope, calls, pages, cpus, noblock };
  // Calls outside the domain whatever is held. In such a scope callers also give the others for what is not held.
  const outside = scope.outside ? RECORDS.flatMap((record) => record.everyOutside(callers)) : [];
  return [...RECORDS.flatMap((record) => record.every(callers)), ...outside];
}

/**
 * Every command of such callers to one release: an allocation is asked for on each CPU where that makes a difference,
 * and also without waiting if a caller may say so.
 */
export function commandsTo(
  { pools, noblock }: Promises,
  scope: Scope,
  calls: readonly Call[] = AREA_CALLS,
  everywhere = false,
): readonly Command[] {
  const cpus = pools === "none" ? CPU_0 : possibleCpus(scope);
  return commandsOf(scope, calls, everywhere, { cpus, noblock });
}

function pagesOfWindows({ windows, vmalloc }: Scope, calls: readonly Call[]): readonly Vpn[] {
  const inVmalloc = calls.some((call) => call === "map" || call === "percpu" || call === "vmap");
  const all = inVmalloc ? [...windows, vmalloc] : windows;
  return pagesBetween(Math.min(...all.map(({ vstart }) => vstart)), Math.max(...all.map(({ vend }) => vend)));
}

function pagesBetween(base: Vpn, end: Vpn): readonly Vpn[] {
  if (!(end - base <= MOST_PAGES)) throw new RangeError(`it has ${end - base} pages: at most ${MOST_PAGES}`);
  return Array.from({ length: end - base }, (_none, nth) => base + nth);
}

/**
 * Whether a caller can give this command now: it frees and unmaps only what is held, unless the scope says otherwise,
 * and touches what was mapped.
 */
export function isEnabled(world: World, command: Command): boolean {
  const record = recordOf(command);
  if (!world.initialised && !record.beforeInit) return false;
  // Most of the calls asked about give back what is not held.
  if (record.takes !== undefined && world.scope.outside !== true && !record.inDomain(world, command))
    return false;
  return record.offered(world.promises) && record.enabled(world, command);
}

/** A command in a few words. */
export function nameOf(command: Command): string {
  return recordOf(command).name(command);
}
