/** The handshake of a child: its requests, the effects that its replies report, and its promises (docs/drive.md). */
import { ALL_LAWS } from "../../spec/vmap/laws/index.ts";
import { KEPT_BLOCKS, type OwnPromises, PLACEMENTS } from "../../spec/vmap/own-promises.ts";
import { LARGEST_BLOCK, type Scope, WORD64 } from "../../spec/vmap/scope.ts";
import type { Extent, Pages } from "../../spec/vmap/vocabulary.ts";
import { type Field, fieldsOf, wrongIn } from "./fields.ts";

export const HELLO = "hello 1";

/** Requests that a child may offer, and forms of them. */
const CAN = [
  ...(["alloc", "align", "mapped", "noblock", "free", "map", "unmap", "vmap", "vunmap", "find"] as const),
  ...(["pget", "pfree", "purge", "aliases", "absent", "dump", "save", "restore", "again"] as const),
] as const;
export type Can = (typeof CAN)[number];

/** The effects that replies may report. */
const TELLS = ["flush", "pte", "lazy", "live", "rcu", "work"] as const;
export type Tells = (typeof TELLS)[number];

export interface Hello {
  readonly name: string;
  readonly can: ReadonlySet<Can>;
  readonly tells: ReadonlySet<Tells>;
  readonly wordPages: Pages;
  /** The part of the word in which it allocates areas; undefined for all of it. */
  readonly space: Extent | undefined;
  readonly cpus: number;
  readonly blocks: Pick<Scope, "blockPages" | "bitsPerLong"> | undefined;
  /** Undefined if it does not say. */
  readonly promises: OwnPromises | undefined;
}

/** The least pages for drawn histories. */
export const LEAST_SPACE: Pages = 64;
const MOST_CPUS = 64;
const LEAST_WORD = 12;

type Fields = ReadonlyMap<string, Field>;

/** Throws a ChildError that says what is wrong. */
export function readHello(line: string): Hello {
  const known = [
    "name",
    "can",
    "tells",
    "word",
    "space",
    "cpus",
    "blocks",
    "guard",
    "frees",
    "placement",
    "laws",
  ];
  const fields = new Map<string, Field>();
  for (const field of fieldsOf(line)) {
    if (!known.includes(field.name)) throw field.wrong(`a field of ${known.join(", ")}`);
    if (fields.has(field.name)) throw field.wrong("each field once");
    fields.set(field.name, field);
  }
  const can = new Set(fields.get("can")?.someOf(CAN));
  if (!can.has("alloc") && !can.has("map") && !can.has("vmap"))
    throw wrongIn(line, 'expected a field "can" with alloc, map or vmap, such as "can alloc free"');
  return {
    name: nameIn(fields.get("name")),
    can,
    tells: new Set(fields.get("tells")?.someOf(TELLS)),
    wordPages: wordIn(fields.get("word")),
    space: spaceIn(fields.get("space")),
    cpus: countIn(fields.get("cpus")),
    blocks: blocksIn(fields.get("blocks")),
    promises: promisesIn(fields),
  };
}

function nameIn(field: Field | undefined): string {
  if (field === undefined) return "child";
  if (/^\w[\w.+-]{0,39}$/.test(field.text())) return field.text();
  throw field.wrong("at most 40 letters, digits, or of _ . + -");
}

function wordIn(field: Field | undefined): Pages {
  if (field === undefined) return WORD64;
  const bits = field.number(0, Math.log2(WORD64));
  if (bits < LEAST_WORD)
    throw field.wrong(`at least ${LEAST_WORD.toString(16)}: a word of 2^${LEAST_WORD} pages`);
  return 2 ** bits;
}

function countIn(field: Field | undefined): number {
  if (field === undefined) return 1;
  const cpus = field.number(0, MOST_CPUS);
  if (cpus === 0) throw field.wrong("at least 1");
  return cpus;
}

function spaceIn(field: Field | undefined): Extent | undefined {
  if (field === undefined) return undefined;
  const space: Extent = { start: field.address(0), end: field.address(1) };
  if (space.end - space.start < LEAST_SPACE) throw field.wrong(`a space of at least ${LEAST_SPACE} pages`);
  return space;
}

function blocksIn(field: Field | undefined): Hello["blocks"] {
  if (field === undefined) return undefined;
  const blockPages = field.number(0, LARGEST_BLOCK);
  const bitsPerLong = field.number(1, LARGEST_BLOCK);
  const arePowers = [blockPages, bitsPerLong].every((each) => Number.isInteger(Math.log2(each)));
  if (arePowers && 2 * bitsPerLong <= blockPages) return { blockPages, bitsPerLong };
  throw field.wrong(
    "two powers of two: the pages of a block, and of the largest map in one, at most half of that",
  );
}

function promisesIn(fields: Fields): OwnPromises | undefined {
  const [guard, frees, placement, laws, blocks] = ["guard", "frees", "placement", "laws", "blocks"].map(
    (name) => fields.get(name),
  );
  if ([guard, frees, placement, laws].every((field) => field === undefined)) return undefined;
  const place = placement?.oneOf(PLACEMENTS) ?? "none";
  if (placement !== undefined && place !== "none" && frees === undefined)
    throw placement.wrong("frees beside it, eager or lazy, for what a purge takes is room");
  const pages = (at: number) => guard?.number(at, LEAST_SPACE) ?? 0;
  return {
    guard: { inside: pages(0), afterArea: pages(1), beforeNext: pages(2) },
    frees: frees?.oneOf(["eager", "lazy"]),
    placement: place,
    blocks: blocks === undefined ? "no blocks" : keptIn(blocks),
    laws: laws?.someOf(ALL_LAWS.map(({ id }) => id)),
  };
}

/** The rule for fragmented blocks, if it says so. */
function keptIn(field: Field): (typeof KEPT_BLOCKS)[number] {
  const words = KEPT_BLOCKS.map((kept) => kept.replace(" kept", ""));
  if (field.words.length < 3) return "purged";
  return KEPT_BLOCKS[words.indexOf(field.oneOf(words, 2))] ?? "purged";
}
