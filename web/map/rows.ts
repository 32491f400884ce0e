/** The rows of a picture: runs of pages, each with its look and its texts. The view draws them. */
import type { Thing } from "../../jobs/page/documents.ts";
import { type Extent, page, type Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Things } from "../player.ts";

export interface Run extends Extent {
  readonly key: string;
  /** The class of its look, such as `busy` or `lazy`. */
  readonly look:
    | "busy"
    | "lazy"
    | "block"
    | "lazyblock"
    | "held"
    | "dirty"
    | "pte"
    | "dead"
    | "tlb"
    | "pool"
    | "guard"
    | "gone";
  /** The number of its colour, by owner; -1 for none. */
  readonly hue: number;
  /** In the middle of the run. */
  readonly label: string;
  /** In each of its columns. */
  readonly textAt?: (page: Vpn) => string;
  readonly says: string;
  readonly isNew: boolean;
}

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly height: number;
  readonly runs: readonly Run[];
}

/** Which rows a film has at any of its steps, so that they stay where they are. */
export interface Kinds {
  readonly areas: boolean;
  readonly blocks: boolean;
  readonly ptes: boolean;
  readonly pools: boolean;
  readonly removed: boolean;
  readonly gathers: readonly number[];
  readonly cpus: readonly number[];
}

export function kindsOf(things: Iterable<Thing>, cpus: readonly number[]): Kinds {
  const found = { areas: false, blocks: false, ptes: false, pools: false, removed: false };
  const gathers = new Set<number>();
  let translates = false;
  for (const thing of things) {
    if (thing.kind === "area") found.areas = true;
    if (thing.kind === "block") found.blocks = true;
    if (thing.kind === "map" || (thing.kind === "area" && thing.mapped > 0)) found.ptes = true;
    if (thing.kind === "entry") found.ptes = true;
    if (thing.kind === "removed") found.removed = true;
    if (thing.kind === "gather") gathers.add(thing.g);
    if (thing.kind === "pool") found.pools = true;
    if (thing.kind === "tlb") translates = true;
  }
  const areas = found.areas || !(found.blocks || found.ptes || gathers.size > 0);
  return { ...found, areas, gathers: [...gathers].sort(), cpus: translates ? cpus : [] };
}

/** A to Z for the steps that got something, then A again. */
export const letterOf = (step: number | null): string =>
  step === null ? "?" : String.fromCharCode(65 + ((step - 1) % 26));

export const extentText = ({ start, end }: Extent): string =>
  end - start === 1 ? `page ${page(start)}` : `pages ${page(start)} to ${page(end - 1)}`;

export function rowsOf(
  things: Things,
  changed: ReadonlySet<string>,
  gone: Things,
  kinds: Kinds,
): readonly Row[] {
  const areas: Run[] = [];
  const blocks: Run[] = [];
  const maps: Run[] = [];
  const ptes: Run[] = [];
  const pools: Run[] = [];
  const removed: Run[] = [];
  const gathers: Run[] = [];
  const tlbs = new Map<number, Run[]>(kinds.cpus.map((cpu) => [cpu, []]));
  const runsFor = (thing: Thing): Run[] | undefined =>
    thing.kind === "tlb"
      ? tlbs.get(thing.cpu)
      : {
          area: areas,
          block: blocks,
          map: maps,
          pool: pools,
          entry: ptes,
          removed,
          gather: gathers,
          dead: undefined,
          cache: undefined,
        }[thing.kind];
  const sort = (key: string, thing: Thing, isNew: boolean, isGone: boolean) => {
    const { own, pte } = shapesOf(key, thing);
    if (own !== undefined) {
      const run: Run = isGone ? { ...own, look: "gone", says: `${own.says}: gone` } : marked(own, isNew);
      runsFor(thing)?.push(run);
    }
    if (pte !== undefined && !isGone) ptes.push(marked(pte, isNew));
  };
  for (const [key, thing] of gone) sort(key, thing, false, true);
  for (const [key, thing] of things) sort(key, thing, changed.has(key), false);
  return [
    ...(kinds.areas ? [{ id: "area", label: "areas", height: 34, runs: areas }] : []),
    ...(kinds.blocks
      ? [
          { id: "block", label: "blocks", height: 30, runs: blocks },
          { id: "map", label: "maps", height: 30, runs: maps },
        ]
      : []),
    ...(kinds.pools ? [{ id: "pool", label: "pools", height: 24, runs: pools }] : []),
    ...(kinds.ptes ? [{ id: "pte", label: "PTEs", height: 26, runs: ptes }] : []),
    ...(kinds.removed ? [{ id: "removed", label: "not flushed", height: 26, runs: removed }] : []),
    ...kinds.gathers.map((g) => ({
      id: `gather ${g}`,
      label: `gather ${g}`,
      height: 30,
      runs: gathers.filter(({ hue }) => hue === g % HUES),
    })),
    ...kinds.cpus.map((cpu) => ({
      id: `tlb ${cpu}`,
      label: `TLB of CPU ${cpu}`,
      height: 26,
      runs: tlbs.get(cpu) ?? [],
    })),
  ];
}

interface Shapes {
  readonly own: Run | undefined;
  readonly pte: Run | undefined;
}

/** A thing stays the same object from step to step, and so do its runs: what did not change is not drawn again. */
const SHAPES = new WeakMap<Thing, Shapes>();

function shapesOf(key: string, thing: Thing): Shapes {
  const known = SHAPES.get(thing);
  if (known !== undefined) return known;
  const shapes = { own: runOf(key, thing), pte: pteOf(key, thing) };
  SHAPES.set(thing, shapes);
  return shapes;
}

const marked = (run: Run, isNew: boolean): Run => (isNew ? { ...run, isNew } : run);

function runOf(key: string, thing: Thing): Run | undefined {
  const { start, end } = thing;
  const at = { key, start, end, isNew: false };
  switch (thing.kind) {
    case "area": {
      const of = thing.step === null ? "" : `, of step ${thing.step}`;
      return {
        ...at,
        look: thing.life,
        hue: hueOf(thing.step),
        label: letterOf(thing.step),
        says: `${thing.life} area${of}: ${extentText(thing)}${thing.mapped > 0 ? `, ${thing.mapped} mapped from frame ${thing.frame}` : ""}`,
      };
    }
    case "block":
      return {
        ...at,
        look: thing.life === "lazy" ? "lazyblock" : "block",
        hue: -1,
        label: `CPU ${thing.cpu}: ${end - start - thing.given} left, ${thing.givenBack} dirty`,
        says: `${thing.life} block of CPU ${thing.cpu}, ${extentText(thing)}: ${thing.given} given out, ${thing.givenBack} given back`,
      };
    case "map":
      return {
        ...at,
        look: thing.held ? "held" : "dirty",
        hue: hueOf(thing.step),
        label: letterOf(thing.step),
        says: `${thing.held ? "map" : "unmapped map"} of step ${thing.step ?? "?"}: ${extentText({ start, end: start + thing.count })}`,
      };
    case "tlb":
      return {
        ...at,
        look: thing.dead ? "dead" : "tlb",
        hue: -1,
        label: "",
        textAt: () => String(thing.frame),
        says: `CPU ${thing.cpu} translates page ${page(start)} to frame ${thing.frame}${thing.dead ? ", and no caller holds it so" : ""}`,
      };
    case "entry":
      return {
        ...at,
        look: "pte",
        hue: -1,
        label: "",
        textAt: () => String(thing.frame),
        says: `page ${page(start)} maps frame ${thing.frame}`,
      };
    case "removed":
      return {
        ...at,
        look: "dead",
        hue: -1,
        label: thing.text,
        says: `removed and not flushed, ${thing.text}: ${extentText(thing)}`,
      };
    case "gather":
      return {
        ...at,
        look: thing.empty ? "gone" : "busy",
        hue: thing.g % HUES,
        label: thing.text,
        says: `gather ${thing.g}: ${thing.text}`,
      };
    case "pool":
      return {
        ...at,
        look: "pool",
        hue: -1,
        label: thing.sure ? `node ${thing.node}` : "?",
        says: `${thing.sure ? "" : "perhaps "}in the pool of node ${thing.node}: ${extentText(thing)}`,
      };
    default:
      return undefined;
  }
}

const HUES = 7;
const hueOf = (step: number | null) => (step === null ? -1 : (step - 1) % HUES);

/** The page table entries of a thing. */
function pteOf(key: string, thing: Thing): Run | undefined {
  const count =
    thing.kind === "area" ? thing.mapped : thing.kind === "map" && thing.held ? thing.count : undefined;
  if (thing.kind === "dead" && thing.ptes !== "gone")
    return {
      ...pteRun(key, thing, thing.frame),
      look: "dead",
      says: `${extentText(thing)}: unmapped, and ${thing.ptes === "there" ? "the PTEs are there" : "PTEs may be there"}`,
    };
  if (count === undefined || count === 0 || !("frame" in thing)) return undefined;
  return pteRun(key, { start: thing.start, end: thing.start + count }, thing.frame);
}

const pteRun = (key: string, { start, end }: Extent, frame: number): Run => ({
  key: `pte ${key}`,
  start,
  end,
  look: "pte",
  hue: -1,
  label: "",
  textAt: (at) => String(frame + (at - start)),
  says: `${extentText({ start, end })}: mapped from frame ${frame} on`,
  isNew: false,
});

/** The rows, with the pages that a release keeps free around areas. */
export function withGuards(
  rows: readonly Row[],
  { after, before }: { readonly after: number; readonly before: number },
): readonly Row[] {
  if (after + before === 0) return rows;
  return rows.map((row) => {
    if (row.id !== "area" && row.id !== "block") return row;
    const guards = row.runs
      .filter(({ look }) => look !== "gone")
      .flatMap(({ key, start, end }): Run[] => [
        ...(after > 0 ? [guardRun(`${key} after`, { start: end, end: end + after })] : []),
        ...(before > 0 && start >= before
          ? [guardRun(`${key} before`, { start: start - before, end: start })]
          : []),
      ]);
    return { ...row, runs: [...guards, ...row.runs] };
  });
}

const guardRun = (key: string, extent: Extent): Run => ({
  key,
  ...extent,
  look: "guard",
  hue: -1,
  label: "",
  says: `guard page: ${extentText(extent)}`,
  isNew: false,
});
