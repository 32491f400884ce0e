/** The small machines of this wing that are explored, and what callers do there. */
import { addWorld } from "../../model/gather/fingerprint.ts";
import type { State as ReferenceState } from "../../model/gather/world.ts";
import type { LawId } from "../../spec/contract.ts";
import { FINGERPRINT_BITS, FINGERPRINT_WORDS, Fingerprint } from "../../spec/fingerprint.ts";
import { archOf } from "../../spec/gather/bibliography.ts";
import { every, isEnabled, says } from "../../spec/gather/commands.ts";
import { lawsCalled } from "../../spec/gather/laws/index.ts";
import { type Call, numbers, pagesOf, type Scope, TINY } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Arch } from "../../spec/gather/vocabulary.ts";
import { witnessesFor } from "../../spec/gather/witnesses.ts";
import type { Form, Kernel, Parameter, Parameters, Spaces } from "../../spec/wing.ts";
import { benchFor } from "./bench.ts";

const whether = (counts: string, usual = 0): Parameter => ({
  counts: `whether callers ${counts}`,
  usual,
  least: 0,
  most: 1,
});

/** The architectures of releases that run on several, in the order of the parameter. */
const ARCHES: readonly Arch[] = ["x86", "gen", "geninv", "ptr"];

type Name = keyof typeof PARAMETERS;

export const PARAMETERS = {
  pages: { counts: "pages of the mm, each mapped at first", usual: 2, most: 4 },
  frames: { counts: "frames beside those of the pages", usual: 0, least: 0, most: 2 },
  tables: { counts: "page tables that may be freed", usual: 1, least: 0, most: 4 },
  batch: { counts: "entries of a bundle, a batch or a table batch", usual: 2, most: 4 },
  gathers: { counts: "gathers that may be open at once", usual: 1, most: 2 },
  cpus: { counts: "CPUs", usual: 2, most: 3 },
  arch: { counts: "architecture: 0 for x86, 1 gen, 2 geninv, 3 ptr", usual: 0, least: 0, most: 3 },
  fail: whether("make an allocation fail", 1),
  flushes: whether("flush before the end"),
  entries: whether("remove entry and page apart"),
  users: whether("change mm_users"),
  rcu: whether("let grace periods end", 1),
  pending: whether("report flushes of others"),
  vmas: whether("announce vmas, also of frames without pages"),
  huge: whether("remove huge pages"),
  folios: whether("remove folios, and dirty pages"),
  touch: whether("read through TLBs, fault pages in, and reuse freed frames"),
  walk: whether("walk page tables without a lock"),
} as const satisfies Readonly<Record<string, Parameter>>;

/** The calls that each of those stands for. */
const CALLS: Partial<Readonly<Record<Name, readonly Call[]>>> = {
  fail: ["fail"],
  flushes: ["flushes"],
  entries: ["entries"],
  users: ["users"],
  rcu: ["rcu"],
  pending: ["pending"],
  vmas: ["vmas", "frames"],
  huge: ["huge"],
  folios: ["folios", "dirty"],
  touch: ["touch", "lazy", "insert", "reuse", "collapse"],
  walk: ["walk"],
};

/** Calls that laws need; the others can be violated by any callers. */
const NEEDED: Readonly<Record<LawId, Name>> = {
  "freed-not-reached": "touch",
  "freed-table-not-walked": "touch",
  "table-after-walkers": "walk",
  "unlinked-is-flushed": "vmas",
};
const OF_HASH: readonly LawId[] = ["one-hash-entry", "hash-empty-outside-lazy"];

function scopeOf(parameters: Parameters, arch: Arch | undefined, route: Scope["tables"]): Scope {
  const { pages, frames, tables, batch, gathers, cpus } = parameters as Readonly<Record<Name, number>>;
  const asked = Object.entries(CALLS).filter(([name]) => parameters[name] === 1);
  const limits = { ...TINY, array: batch, bundle: batch, batch, tables: batch, hash: batch };
  const own = arch ?? (ARCHES[parameters.arch as number] as Arch);
  return {
    name: "space",
    arch: own,
    cpus,
    tables: route,
    limits,
    pages: pagesOf(pages),
    frames: numbers(pages + frames, 100),
    tableIds: numbers(tables),
    slots: gathers,
    calls: [
      "zap",
      ...(tables > 0 ? (["tables"] as const) : []),
      ...asked.flatMap(([, calls]) => calls),
      ...(own === "ppc64" ? (["hash"] as const) : []),
    ],
  };
}

/** The one architecture that a kernel runs on; undefined if there are several. */
export const ownArchOf = ({ release }: Kernel<GatherTerms>): Arch | undefined =>
  archOf(release.labels[0] ?? "");

/** Throws a RangeError for a scope in which these kernels cannot run. */
export function placeOf(parameters: Parameters, kernels: readonly Kernel<GatherTerms>[]) {
  const [arch, ...others] = [...new Set(kernels.map(ownArchOf))];
  if (others.length > 0)
    throw new RangeError(`${kernels.map(({ name }) => name).join(" and ")} run on no common architecture`);
  if (arch !== undefined && parameters.arch !== 0)
    throw new RangeError(`arch is for kernels of several architectures; these run on ${arch}`);
  const { pages, frames, gathers } = parameters as Readonly<Record<Name, number>>;
  if (frames > 0 && parameters.touch === 0)
    throw new RangeError("frames beside those of the pages are for callers who touch: touch=1 is expected");
  if (gathers > pages) throw new RangeError(`${gathers} gathers for ${pages} pages`);
  // Up to 2.6.39 x86 frees the page of a table like any other.
  const asPages = arch === undefined && kernels.some(({ release }) => release.perCpu);
  return { scope: scopeOf(parameters, arch, asPages ? "page" : "rcu") };
}

/** The fingerprint of worlds, and of what is added beside each. */
export function formWith<S extends { readonly world: GatherTerms["world"] }>(
  addRest: (state: S, to: Fingerprint) => void,
): Form<S> {
  const fingerprint = new Fingerprint();
  return {
    words: FINGERPRINT_WORDS,
    hashBits: FINGERPRINT_BITS,
    reductions: ["counters that only grow"],
    write(state, into, at) {
      fingerprint.begin();
      addWorld(state.world as ReferenceState, fingerprint);
      addRest(state, fingerprint);
      fingerprint.write(into, at);
    },
  };
}

const USUAL = Object.fromEntries(
  Object.entries(PARAMETERS).map(([name, { usual }]): [string, number] => [name, usual]),
);

export const SPACES: Spaces<GatherTerms> = {
  bench: benchFor,
  says: () =>
    "A gather beside the reference: its owner removes pages and page tables; neighbours and observers by the scope.",
  parametersFor(law) {
    const needed = law === undefined ? undefined : NEEDED[law];
    if (needed === undefined) return PARAMETERS;
    return { ...PARAMETERS, [needed]: { ...PARAMETERS[needed], usual: 1 } };
  },
  place: placeOf,
  whole: { scope: "pages=2,tables=1", place: (kernel) => placeOf(USUAL, [kernel]) },
  workload(kernel, { scope }) {
    const { release, promises } = kernel;
    const canDo = (id: LawId) =>
      OF_HASH.includes(id)
        ? scope.arch === "ppc64"
        : (CALLS[NEEDED[id] ?? "pages"] ?? []).every((call) => scope.calls.includes(call));
    return {
      commands: every(scope, release),
      laws: lawsCalled(promises).filter(({ id }) => canDo(id)),
      witnesses: witnessesFor(release),
      isEnabled,
      nameOf: says,
      asGiven: (command) => command,
      form: formWith(({ state }, to) => kernel.add(state, to)),
    };
  },
};
