/**
 * Whether a violation in a tree's own steps is one of its release: not by the law alone, but by the situation, as the
 * protocol of that release has it.
 */
import { nameInterleaved } from "../../counterexamples/interleavings.ts";
import { visitActions } from "../../engine/actions.ts";
import { explore } from "../../engine/search/explore.ts";
import type { Field } from "../../engine/search/layout.ts";
import type { StepMachine } from "../../protocols/program.ts";
import { LAZY, NONE } from "../../protocols/vmap/blocks/fields.ts";
import { STEP_PROTOCOLS } from "../../protocols/vmap/index.ts";
import type { LawId } from "../../spec/contract.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import { callsReturn } from "../../spec/vmap/laws/integrity.ts";
import { noAliasAfterUnmapAliases } from "../../spec/vmap/laws/translation.ts";
import { noCircularWait } from "../../spec/vmap/step-laws.ts";
import type { SourceTree } from "../../trees/source-tree.ts";
import type { Calls } from "../../trees/vmap/calls.ts";
import type { StepScope } from "../../trees/vmap/step-child.ts";
import { familyOf, protocolsOf } from "../interleaved-orders.ts";

/** What the catalogue knows of a violation. */
export interface Attribution {
  /** The bug of the release that accounts for it. */
  readonly bug: string | undefined;
  /** If none does: a bug by which the release violates the same law. */
  readonly alike: string | undefined;
  /** How the release violates that law otherwise, or why the two were not compared. */
  readonly why: string | undefined;
  /** Whether what the release violates, if anything, was compared with it. */
  readonly isCompared: boolean;
}

const UNKNOWN: Attribution = { bug: undefined, alike: undefined, why: undefined, isCompared: true };

/** Whether the release is not known to violate the law so: a finding. */
export const isUnknown = ({ bug, isCompared }: Attribution): boolean => bug === undefined && isCompared;

/**
 * By the text of the step that violates the law (steps-judge.ts): by the first protocol of the release that accounts for
 * it.
 *
 * @param protocols In place of those that describe the tree's version.
 */
export function attributionOf(
  { tree, calls, scope }: { readonly tree: SourceTree; readonly calls: Calls; readonly scope: StepScope },
  law: LawId,
  text: string,
  protocols?: readonly string[],
): Attribution {
  const version = tree.version === undefined ? undefined : versionOf(tree.version);
  if (version === undefined) return UNKNOWN;
  // What a tree does not return from is, in a protocol, a circle of those that wait.
  const laws = law === callsReturn.id ? [noCircularWait.id, law] : [law];
  let first: Attribution | undefined;
  for (const protocol of protocols ?? protocolsOf(version)) {
    const alike = laws.map((each) => nameInterleaved(protocol, each)).find((bug) => bug !== undefined);
    if (alike === undefined) continue;
    const other = otherThan(protocol, law, text, calls, scope);
    if (other === undefined) return { bug: alike, alike: undefined, why: undefined, isCompared: true };
    first ??= { bug: undefined, alike, ...other };
  }
  return first ?? UNKNOWN;
}

type Other = Pick<Attribution, "isCompared"> & { readonly why: string };

const differs = (why: string): Other => ({ why, isCompared: true });
const notCompared = (why: string): Other => ({ why: `not compared: ${why}`, isCompared: false });

/** How the situation differs from those of the protocol, or why that is not known; undefined where it is one of them. */
function otherThan(
  protocol: string,
  law: LawId,
  text: string,
  calls: Calls,
  scope: StepScope,
): Other | undefined {
  const family = familyOf(protocol);
  if (family === "waits" && law === callsReturn.id) {
    // Its circles are closed by reclaim.
    return /^stop deadlock .*reclaim/.test(text)
      ? undefined
      : differs(`${protocol} waits for ever within reclaim alone`);
  }
  if (family !== "blocks" || law !== noAliasAfterUnmapAliases.id)
    return notCompared(`${protocol} has no such calls of a tree`);
  const found = blocksIn(text, calls, scope);
  if (found === "no block") return differs(`in ${protocol} it is a page of a block that is still translated`);
  const cpus = Math.max(2, calls.cpus);
  const known = found === undefined ? undefined : situationsOf(protocol, cpus, found.pages);
  if (found === undefined || known === undefined)
    return notCompared(
      `no whole exploration of ${protocol} has blocks of ${scope.block} pages on ${cpus} CPUs with such maps`,
    );
  const other = found.blocks.find((block) => !known.has(block));
  return other === undefined
    ? undefined
    : differs(`${protocol} does not violate it with a block that has ${other}`);
}

/** The pages of a block in one situation, counted. */
type Counted = Record<(typeof KINDS)[number], number>;
/** `owed`: was unmapped before vm_unmap_aliases began, and is still translated where it returns. */
const KINDS = ["never given", "mapped", "being unmapped", "unmapped since", "owed", "flushed"] as const;

const situationText = (counted: Counted): string =>
  KINDS.flatMap((kind) => (counted[kind] > 0 ? `${counted[kind]} ${kind}` : [])).join(", ");

const noneCounted = (): Counted => Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Counted;

/**
 * The blocks with an owed page, and how many maps fill one. Undefined where maps of several sizes lie in blocks.
 */
function blocksIn(
  text: string,
  { calls }: Calls,
  { block, map, pages }: StepScope,
): { readonly pages: number; readonly blocks: readonly string[] } | "no block" | undefined {
  const numbers = text
    .split(" ")
    .slice(1)
    .map((word) => Number.parseInt(word, 16));
  const [, , , , , owedInTlb = 0, owedPtes = 0, present = 0, unmapped = 0, translated = 0, ...given] =
    numbers;
  const inBlocks = calls.flatMap(({ verb, pages: size }, nth) =>
    verb === "map" && size <= map ? { size: sizeGiven(size), bits: given[nth] ?? 0 } : [],
  );
  const all = inBlocks.reduce((bits, each) => bits | each.bits, 0);
  const owed = (owedInTlb | owedPtes) >>> 0;
  if ((owed & ~all) !== 0) return "no block";
  const sizes = new Set(inBlocks.map(({ size }) => size));
  const [unit = 1] = sizes;
  if (sizes.size > 1) return undefined;
  const kindOf = (page: number): (typeof KINDS)[number] => {
    const has = (bits: number) => ((bits >>> page) & 1) === 1;
    if (!has(all)) return "never given";
    if (has(owed)) return "owed";
    if (!has(unmapped)) return has(present) ? "mapped" : "being unmapped";
    return has(translated) || has(present) ? "unmapped since" : "flushed";
  };
  const blocks: string[] = [];
  for (let first = 0; first < pages; first += block) {
    const counted = noneCounted();
    for (let page = first; page < first + block; page += unit) counted[kindOf(page)] += 1;
    if (counted.owed > 0) blocks.push(situationText(counted));
  }
  return { pages: block / unit, blocks };
}

/** A map of a block takes a power of two. */
const sizeGiven = (pages: number): number => 2 ** Math.ceil(Math.log2(pages));

const MOST_STATES = 400_000;
const MOST_BYTES = 2 ** 29;
const KNOWN = new Map<string, ReadonlySet<string> | undefined>();

/**
 * The situations in which vm_unmap_aliases leaves an owed page translated, in every state of a protocol of blocks.
 * Undefined where it has no machine of that size, or too many states.
 */
function situationsOf(protocol: string, cpus: number, pages: number): ReadonlySet<string> | undefined {
  const key = `${protocol} ${cpus} ${pages}`;
  if (!KNOWN.has(key)) KNOWN.set(key, exploreSituations(protocol, cpus, pages));
  return KNOWN.get(key);
}

/** As on a tree: where a PTE is cleared every TLB has it. None that has less violates more. */
const FULL_TLBS = { id: "full-tlbs", says: "A PTE is cleared while every TLB has it." };

function exploreSituations(name: string, cpus: number, pages: number): ReadonlySet<string> | undefined {
  const protocol = STEP_PROTOCOLS.find((each) => each.name === name);
  if (protocol === undefined || pages > (protocol.parameters.pages?.most ?? 0)) return undefined;
  const machine = (protocol.delayed ?? protocol.machine)({ cpus, blocks: 1, pages });
  const { read, hasFullTlbs } = readerOf(machine, pages);
  const found = new Set<string>();
  const after = new Int32Array(machine.words);
  const actions = machine.actions.map((action) => {
    const noting = (action.asserts ?? []).map((each) => ({
      ...each,
      holds: (state: Int32Array) => {
        const holds = each.holds(state);
        if (!holds && each.law.id === noAliasAfterUnmapAliases.id) found.add(read(state, action.cpu));
        return holds;
      },
    }));
    const hasThem = (state: Int32Array) => {
      after.set(state);
      action.effect(after);
      return hasFullTlbs(state, after);
    };
    return { ...action, asserts: [...noting, { law: FULL_TLBS, holds: hasThem }] };
  });
  const { ended } = explore(visitActions({ ...machine, actions, invariants: [] }, { symmetry: true }), {
    bounds: { states: MOST_STATES, bytes: MOST_BYTES },
    enough: () => false,
  });
  return ended === "fixpoint" ? found : undefined;
}

/** What states say of the pages of the block, by the fields of protocols/vmap/blocks. */
function readerOf({ layout, cpus }: StepMachine, pages: number) {
  const field = (called: string): Field => {
    const found = layout.fields.find(({ name }) => name === called);
    if (found === undefined) throw new RangeError(`no field ${called}`);
    return found;
  };
  const upTo = (count: number) => Array.from({ length: count }, (_none, at) => at);
  const [life, free] = [field("life of block 0"), field("free of block 0")];
  const handled = upTo(cpus).map((cpu) => field(`page[${cpu}]`));
  const each = upTo(pages).map((page) => {
    const perCpu = (name: string) => upTo(cpus).map((cpu) => field(`${name} of page ${page}[${cpu}]`));
    return {
      live: field(`live of page ${page}`),
      tlb: perCpu("tlb"),
      stale: perCpu("stale"),
      owed: upTo(cpus).map((cpu) =>
        upTo(cpus).map((of) => field(`flush owed of page ${page}[${cpu},${of}]`)),
      ),
    };
  });
  /** As this CPU returns from vm_unmap_aliases. */
  function read(state: Int32Array, cpu: number): string {
    const is = (one: Field) => one.get(state) !== 0;
    const given = life.get(state) === LAZY ? pages : life.get(state) === NONE ? 0 : pages - free.get(state);
    const counted = noneCounted();
    const kindOf = (page: number): keyof Counted => {
      const { live, stale, owed } = each[page] as (typeof each)[number];
      if (owed[cpu]?.some(is)) return "owed";
      if (page >= given) return "never given";
      if (is(live)) return "mapped";
      if (handled.some((one) => one.get(state) === page + 1)) return "being unmapped";
      return stale.some(is) ? "unmapped since" : "flushed";
    };
    for (const page of upTo(pages)) counted[kindOf(page)] += 1;
    return situationText(counted);
  }
  const hasFullTlbs = (before: Int32Array, after: Int32Array) =>
    each.every(
      ({ live, tlb }) =>
        live.get(before) === live.get(after) ||
        live.get(after) === 1 ||
        tlb.every((one) => one.get(after) === 1),
    );
  return { read, hasFullTlbs };
}
