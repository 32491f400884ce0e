/** The small machines of this wing that are explored: their parameters, what callers do there, and what is merged. */
import { AREA_CALLS, type Call } from "../../spec/vmap/commands/command.ts";
import { recordOf } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled, lawsTried } from "../../spec/vmap/laws/index.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Place } from "../../spec/vmap/terms.ts";
import { witnessesFor } from "../../spec/vmap/witnesses.ts";
import type { Parameter, Parameters, Spaces } from "../../spec/wing.ts";
import { areasScope, blocksScope, MIDDLE, type Space, spaceScope, withPercpu } from "./small-scopes.ts";
import { doAreasAlone, fingerprintOfAreas, fingerprintOfBoth } from "./state-fingerprint.ts";
import type { Vmap } from "./terms.ts";
import { benchFor } from "./test-bench.ts";
import { commandsTo, isEnabled, nameOf } from "./workload.ts";

/** The parameters by name. */
type Name =
  | "pages"
  | "sizes"
  | "aligns"
  | "windows"
  | "top"
  | "block"
  | "percpu"
  | "vmap"
  | "cpus"
  | "gap"
  | "lazy"
  | "outside";

export const KERNEL_PARAMETERS: Readonly<Record<Name, Parameter>> = {
  pages: { counts: "pages in the space", usual: 6, least: 3, most: 40 },
  sizes: { counts: "sizes asked for, from 1 page on; 0 for all", usual: 0, least: 0, most: 40 },
  aligns: { counts: "alignments asked for: 1, 2, 4, 8 pages", usual: 4, most: 4 },
  windows: {
    counts: "windows: the whole, its upper half, one from an odd page, a short one at the top",
    usual: 4,
    most: 4,
  },
  top: { counts: "whether the space ends at the top of the word", usual: 0, least: 0, most: 1 },
  block: { counts: "pages in a per-CPU block; 0 for callers who map nothing", usual: 0, least: 0, most: 8 },
  percpu: {
    counts: "pairs of percpu areas asked for, of a page each: 2, 3, 4, 5 pages apart; 0 for none",
    usual: 0,
    least: 0,
    most: 4,
  },
  vmap: { counts: "whether callers also call vmap, where there are blocks", usual: 0, least: 0, most: 1 },
  cpus: { counts: "CPUs that map and read, where there are blocks or pools", usual: 1, most: 2 },
  gap: { counts: "CPU numbers that are left out between two CPUs", usual: 0, least: 0, most: 1 },
  lazy: {
    counts: "lazy pages above which a free purges; 0: that never happens",
    usual: 0,
    least: 0,
    most: 40,
  },
  outside: {
    counts: "whether callers also make calls outside their domain",
    usual: 0,
    least: 0,
    most: 1,
  },
};

/**
 * Other default values for laws that callers cannot violate in the usual scope: the first scope in which they can is
 * used. It is small, so that a violation is found in seconds.
 */
const USUAL_FOR_LAWS: readonly Partial<Record<Name, number>>[] = [
  {},
  { pages: 8, block: 4 },
  { lazy: 1 },
  { pages: 8, sizes: 1, aligns: 1, windows: 1, percpu: 3 },
  { pages: 4, sizes: 1, aligns: 1, windows: 1, block: 2, vmap: 1 },
  { pages: 3, aligns: 1, windows: 1, cpus: 2, lazy: 1 },
  { pages: 4, sizes: 1, aligns: 1, windows: 1, block: 2, cpus: 2, gap: 1 },
];

/** The calls where there are blocks. */
const MAPPING: readonly Call[] = ["alloc", "map", "touch", "pin", "purge", "unmapAliases"];
/** The calls where nodes have pools: vm_unmap_aliases puts lazy areas into them, and a purge empties them. */
const POOLING: readonly Call[] = ["alloc", "purge", "unmapAliases"];

/** The calls in a scope with these, and whether vmap is called as well. */
function callsIn(
  { blockPages, cpus, congruent }: Scope,
  vmaps: boolean,
  mapping: readonly Call[],
): readonly Call[] {
  const calls = blockPages > 0 ? mapping : cpus > 1 ? POOLING : AREA_CALLS;
  return [
    ...calls,
    ...(congruent.length > 0 ? (["percpu"] as const) : []),
    ...(vmaps ? (["vmap"] as const) : []),
  ];
}

export const SPACES: Spaces<Vmap> = {
  bench: benchFor,
  says: () =>
    "A kernel beside the reference: every request of the scope, the free of every area, and purges; with blocks also maps, reads, pins and vm_unmap_aliases, with pools that alone.",
  /** The parameters, with the default values for this law, if one is requested. */
  parametersFor(law) {
    const laws = law === undefined ? [] : lawsCalled([law]);
    const usual = USUAL_FOR_LAWS.find((values) => {
      const { scope, calls } = placeOf({ ...USUAL, ...values });
      return lawsTried(laws, calls, scope).length > 0;
    });
    return withUsual(usual ?? {});
  },
  place(parameters, kernels) {
    const place = placeOf(parameters);
    refuseMisfits(place.scope, kernels);
    return place;
  },
  // Small enough for a second a kernel, large enough for every reason to reset a cache.
  whole: {
    scope: "pages=5,aligns=2,windows=2",
    place: () => ({
      scope: spaceScope({ pages: 5, sizes: 5, aligns: 2, windows: 2, at: MIDDLE }),
      calls: AREA_CALLS,
    }),
  },
  workload(kernel, { scope, calls }, { merged, beyondViolations }) {
    const { release, promises } = kernel;
    // With pools on several CPUs a verdict also depends on what the judge knows of them, not only on the kernel's state.
    const hasPools = release.pools !== "none" && scope.cpus > 1;
    const merges = merged && doAreasAlone(calls) && !beyondViolations && !hasPools && scope.outside !== true;
    return {
      commands: commandsTo(release, scope, calls, beyondViolations),
      laws: lawsTried(lawsCalled(promises), calls, scope),
      witnesses: witnessesFor(release).filter(
        ({ needs, ofOutside }) =>
          (needs === undefined || needs.every((call) => calls.includes(call))) &&
          (ofOutside === undefined || scope.outside === true),
      ),
      isEnabled,
      nameOf,
      asGiven: (command) => recordOf(command).amongAreas(command),
      form: merges ? fingerprintOfAreas(kernel, scope) : fingerprintOfBoth(kernel, scope, calls),
    };
  },
};

/** The place of these values of all parameters. Throws a RangeError if they do not fit together. */
export function placeOf(parameters: Parameters, mapping: readonly Call[] = MAPPING): Place {
  const scope = scopeOf(parameters);
  return { scope, calls: callsIn(scope, parameters.vmap === 1, mapping) };
}

/** The default of each parameter. */
const USUAL = Object.fromEntries(
  Object.entries(KERNEL_PARAMETERS).map(([name, { usual }]) => [name, usual]),
) as Readonly<Record<Name, number>>;

/** The parameters, some with other defaults. */
function withUsual(values: Partial<Record<Name, number>>): typeof KERNEL_PARAMETERS {
  const changed = Object.entries(values).map(([name, usual]) => [
    name,
    { ...KERNEL_PARAMETERS[name as Name], usual },
  ]);
  return { ...KERNEL_PARAMETERS, ...Object.fromEntries(changed) };
}

/**
 * Throws a RangeError for a scope with parameters that have no effect on these kernels, or that not all of them
 * support.
 */
export function refuseMisfits<S>(
  { cpus, blockPages, congruent }: Scope,
  kernels: readonly Kernel<S>[],
): void {
  const withoutPercpu = kernels.find(({ release }) => !release.percpu);
  if (congruent.length > 0 && withoutPercpu !== undefined)
    throw new RangeError(`percpu areas are modelled from 5.2 on, and not in ${withoutPercpu.name}`);
  if (cpus === 1 || blockPages > 0 || kernels.some(({ release }) => release.pools !== "none")) return;
  throw new RangeError("more than one CPU makes no difference without blocks or pools");
}

/** The scope of these values of all parameters. Throws a RangeError if they do not fit together. */
export function scopeOf(parameters: Readonly<Record<string, number>>): Scope {
  const { pages, sizes, aligns, windows, top, block, percpu, vmap, cpus, gap, lazy, outside } =
    parameters as Readonly<Record<Name, number>>;
  if (sizes > pages) throw new RangeError(`sizes to ${sizes} in a space of ${pages} pages`);
  if (vmap > 0 && block === 0) throw new RangeError("vmap takes blocks: block=2 is expected, or 4, or 8");
  if (gap > 0 && (cpus < 2 || block === 0))
    throw new RangeError("a gap lies between two CPUs that map: cpus=2 is expected, and block=2, or 4, or 8");
  if (block > pages) throw new RangeError(`no block of ${block} pages fits into ${pages}`);
  const space: Space = {
    pages,
    sizes: sizes === 0 ? pages : sizes,
    aligns,
    windows,
    at: top === 1 ? "top" : MIDDLE,
  };
  const scope = block === 0 ? areasScope(space, cpus) : blocksScope({ ...space, block, cpus, gap });
  const withLimit: Scope = {
    ...scope,
    lazyMaxPages: lazy === 0 ? null : lazy,
    ...(outside === 1 ? { outside: true } : {}),
  };
  return percpu === 0 ? withLimit : withPercpu(withLimit, percpu);
}
