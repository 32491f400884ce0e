/** All wings, and which of them a user's word means. A new wing is its folders and one entry here. */

import { lines } from "../adapters/lines.ts";
import { INTERLEAVED, interleavedCalled } from "../counterexamples/interleavings.ts";
import type { LawId } from "../spec/contract.ts";
import type { Bug, Kernel, OpenWing, Terms, Wing } from "../spec/wing.ts";
import { isTreeName } from "./trees/trees.ts";
import { orNearest, UsageError } from "./usage-error.ts";

interface Entry {
  readonly name: string;
  /** Its words, loaded when one may be of it; and the rest, for the libraries that it takes load slowly. */
  load(): Promise<Wing>;
  open(): Promise<OpenWing>;
  /** Whether a line of a recording is of this wing. */
  recorded(line: object): boolean;
}

/** The first one is taken for whatever no other claims. */
export const WINGS: readonly [Entry, ...Entry[]] = [
  {
    name: "vmap",
    load: async () => (await import("./vmap/wing.ts")).VMAP,
    open: async () => (await import("./vmap/open-wing.ts")).OPEN_VMAP,
    recorded: () => false,
  },
  {
    name: "gather",
    load: async () => (await import("./gather/wing.ts")).GATHER,
    open: async () => (await import("./gather/open-wing.ts")).OPEN_GATHER,
    recorded: (line) => "arch" in line || "caps" in line,
  },
];

export function allWings(): Promise<readonly Wing[]> {
  return Promise.all(WINGS.map(({ load }) => load()));
}

/** The whole of a wing. */
export function opened({ name }: Wing): Promise<OpenWing> {
  const entry = WINGS.find((each) => each.name === name);
  if (entry === undefined) throw new RangeError(`there is no wing ${name}`);
  return entry.open();
}

/** What a word means, in the first wing that knows it. Throws a UsageError with the nearest right word of any wing. */
async function meant<F>(
  what: string,
  word: string,
  find: (wing: Wing) => F | undefined,
  known: (wing: Wing) => readonly string[],
  why: (wing: Wing) => string | undefined = () => undefined,
): Promise<{ readonly wing: Wing; readonly found: F }> {
  const named = WINGS.filter(({ name }) => word.startsWith(`${name}-`));
  for (const { load } of named.length > 0 ? named : WINGS) {
    const wing = await load();
    const found = find(wing);
    if (found !== undefined) return { wing, found };
  }
  const all = await allWings();
  const whyNot = all.map(why).find((each) => each !== undefined);
  return orNearest<never>(
    what,
    word,
    () => undefined,
    all.flatMap(known),
    () => whyNot,
  );
}

/** A kernel by a label, a bug's slug, or another word that means one, and its wing. */
export async function kernelMeant(word: string): Promise<{ readonly wing: Wing; readonly kernel: Kernel }> {
  const { wing, found } = await meant(
    "kernel",
    word,
    (wing) => wing.kernelCalled(word),
    kernelNames,
    (wing) => wing.whyNoKernel(word),
  );
  return { wing, kernel: found };
}

/** A bug by its slug or number, and its wing; undefined if there is none. */
export async function bugMeant(
  word: string,
): Promise<{ readonly wing: Wing; readonly bug: Bug } | undefined> {
  for (const { load } of WINGS) {
    const wing = await load();
    const bug = bugOf(wing, word);
    if (bug !== undefined) return { wing, bug };
  }
  return undefined;
}

/** The wing of a recording, by what is in it. */
export async function recordedIn(file: string): Promise<OpenWing> {
  const line = await firstLine(file);
  const entry = WINGS.find(({ recorded }) => line !== undefined && recorded(line)) ?? WINGS[0];
  return entry.open();
}

/**
 * The wing of a written history, by the kernel that it names; the first wing if none has it, which then says so. Trees are
 * of the first: that of a history need not be there to replay it on a model.
 */
export async function writtenIn(json: unknown): Promise<OpenWing> {
  const kernel = typeof json === "object" && json !== null && "kernel" in json ? json.kernel : undefined;
  if (typeof kernel !== "string" || isTreeName(kernel)) return WINGS[0].open();
  for (const { load, open } of WINGS) {
    if ((await load()).kernelCalled(kernel) !== undefined) return open();
  }
  return WINGS[0].open();
}

/** A kernel of a wing by a user's word. Throws a UsageError if there is none. */
export function kernelIn<T extends Terms>(wing: Wing<T>, word: string): Kernel<T> {
  const { kernelCalled, whyNoKernel } = wing;
  const found = kernelCalled(word);
  return found === undefined
    ? orNearest("kernel", word, kernelCalled, kernelNames(wing), whyNoKernel)
    : found;
}

/** Undefined if it is not a JSON object: its reader says so. */
async function firstLine(file: string): Promise<object | undefined> {
  for await (const { text } of lines(file)) {
    try {
      const json: unknown = JSON.parse(text);
      return typeof json === "object" && json !== null ? json : undefined;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** Every name of a kernel in a wing, bugs by their slugs. */
export function kernelNames<T extends Terms>({ kernels, bugs }: Wing<T>): readonly string[] {
  const labels = kernels.flatMap(({ release }) => release.labels);
  return [...labels, ...bugs.filter(({ changed }) => changed !== undefined).map(({ id }) => id)];
}

/** The bug with this slug or number (`va-gap-offbyone`, `A1`), or undefined. */
export function bugOf<T extends Terms>({ bugs }: Wing<T>, word: string): Bug<T> | undefined {
  return bugs.find(({ id, number }) => id === word || number === word.toUpperCase());
}

/** A bug as texts name it: `vb-full-block-stale (C7)`. */
export function withNumber({
  id,
  number,
}: {
  readonly id: string;
  readonly number?: string | undefined;
}): string {
  return number === undefined ? id : `${id} (${number})`;
}

/** The same by the slug of a bug that shows at the step grain. */
export const numbered = (slug: string): string => withNumber(interleavedCalled(slug) ?? { id: slug });

/** Throws a UsageError with the nearest bug of any wing, at both grains. */
export async function noSuchBug(word: string): Promise<never> {
  const bugs = [...(await allWings()).flatMap((wing) => [...wing.bugs]), ...INTERLEAVED];
  const numbers = bugs.flatMap(({ number }) => number ?? []);
  const known = /^[a-z]\d+$/i.test(word) ? numbers : bugs.map(({ id }) => id);
  if (word.startsWith("tree:"))
    throw new UsageError(
      `${word} is no bug of the catalogue: check --tree DIR finds those that a tree has, and others`,
    );
  return orNearest<never>("bug", word, () => undefined, [...new Set(known)]);
}

/** The law of this id in any wing. Throws a UsageError if there is none. */
export async function lawMeant(id: string): Promise<LawId> {
  for (const { load } of WINGS) if ((await load()).laws.some((law) => law.id === id)) return id;
  const ids = (await allWings()).flatMap(({ laws }) => laws.map((law) => law.id));
  return orNearest<never>("law", id, () => undefined, [...new Set(ids)]);
}

/** The law of this id in a wing. Throws a UsageError if there is none. */
export function lawOf<T extends Terms>({ laws }: Wing<T>, id: string): LawId {
  const ids = laws.map((law) => law.id);
  return orNearest("law", id, (word) => ids.find((known) => known === word), ids);
}
