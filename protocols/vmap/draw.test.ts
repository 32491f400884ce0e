/** Charts and fields of machines name only things that exist, in many states of each machine. */
import { describe, expect, test } from "vitest";
import { visitActions } from "../../engine/actions.ts";
import { BOUNDS, IS_WHOLE } from "../../engine/bounds.testing.ts";
import type { PackedMachine } from "../../engine/machine.ts";
import { explore } from "../../engine/search/explore.ts";
import { valuesOf } from "../../engine/search/layout.ts";
import { stepMachineOf } from "../index.ts";
import { PROTOCOLS, STEP_PROTOCOLS } from "./index.ts";

type Scope = Readonly<Record<string, number>>;

/** The columns that a family's machines draw, and the texts that each may have. */
interface Drawing {
  readonly scope: Scope;
  readonly columns: (scope: Scope) => Readonly<Record<string, RegExp>>;
}

const MOST = IS_WHOLE ? 1500 : 500;

/** A column for each of some things, by their numbers. */
const forEach = (name: string, count: number, says: RegExp) =>
  Object.fromEntries(Array.from({ length: count }, (_none, index) => [`${name} ${index}`, says]));
/** Numbers below this. */
const below = (count: number) => `[0-${count - 1}]`;
const all = (...parts: readonly string[]) => new RegExp(`^${parts.join("")}$`);
/** Some things one after another. */
const list = (thing: string, count: number, between = " ") =>
  Array.from({ length: count }, () => thing).join(between);

const DRAWINGS: Readonly<Record<string, Drawing>> = {
  areas: {
    scope: { cpus: 2, places: 3, lazyMax: 1, caches: 1 },
    columns: ({ cpus = 0, places = 0 }) => ({
      areas: all(`[.BLPp]{${places}}`),
      // One order has a wrong count (B3).
      lazy: /^-?\d$/,
      ...forEach("TLB", cpus, all(`(-|${below(places)}{1,${places}})`)),
    }),
  },
  pools: {
    scope: { cpus: 2, extents: 2 },
    columns: ({ extents = 0 }) => ({ extents: all(`[.BLPpdf!]{${extents}}`), length: /^-?\d$/ }),
  },
  readers: {
    scope: { cpus: 2, areas: 2, pages: 2 },
    columns: ({ cpus = 0, areas = 0, pages = 0 }) => ({
      areas: all(list(`(\\.|z|[1-${pages}])`, areas)),
      locks: all(list(`(-|${below(cpus)})`, areas)),
      counters: all(list("\\d", cpus + 1)),
    }),
  },
  waits: {
    scope: { cpus: 2, areas: 1, most: 1, workers: 1, memory: 1, other: 1 },
    columns: ({ cpus = 0 }) => ({
      lock: all(`(-|CPU ${below(cpus)}|drain work|manager)`),
      lazy: /^(-|0|1|0 1)$/,
      drain: /^[.qwr]$/,
      helper: /^[.qwr]$/,
      idle: /^[012]$/,
    }),
  },
  blocks: {
    scope: { cpus: 2, blocks: 2, pages: 2 },
    columns: ({ cpus = 0, blocks = 0, pages = 0 }) => ({
      map: all(list(`( {${pages}}|[.xMm!]{${pages}}( lazy| purging)?)`, blocks, "\\|")),
      ...forEach("TLB", cpus, all(`(-|${below(blocks * pages)}{1,${blocks * pages}})`)),
    }),
  },
  walks: {
    scope: { cpus: 2, blocks: 2, pages: 2 },
    columns: ({ cpus = 0, blocks = 0, pages = 0 }) => {
      const place = `(head|\\?|${below(blocks)})`;
      return {
        queue: all(`head>${place}`),
        blocks: all(
          list(`(-|${below(blocks)}:x*M*\\.*(?<=:.{${pages}})( new| gone)?( no area)?>${place})`, blocks),
        ),
        ...forEach("walk", cpus, all(`${place}?`)),
      };
    },
  },
  locks: {
    scope: { cpus: 2, blocks: 2, pages: 2 },
    columns: ({ cpus = 0, blocks = 0, pages = 0 }) => {
      const place = `(h${below(cpus)}|${below(blocks)})`;
      return {
        ...forEach("queue", cpus, all(`>${place} <${place}`)),
        blocks: all(
          list(`(-|${below(blocks)}:x*M*\\.*(?<=:.{${pages}})( new| gone)? >${place} <${place})`, blocks),
        ),
      };
    },
  },
  roots: {
    scope: { cpus: 2, roots: 2, addresses: 2, frames: 2 },
    columns: ({ cpus = 0, roots = 0, addresses = 0, frames = 0 }) => {
      const entries = all(`[.0-${frames - 1}]{${addresses}}`);
      return {
        address: all(list("(free|live|unmapped|lazy|purging)", addresses)),
        init_mm: entries,
        ...forEach("root", roots, entries),
        ...forEach("TLB", cpus, entries),
      };
    },
  },
  "reset-perms": {
    scope: { cpus: 2, areas: 2 },
    columns: ({ cpus = 0, areas = 0 }) => {
      // Addresses of areas, then those of their pages in the direct map; an end is one past.
      const edge = `(MAX|[0-${2 * areas}])`;
      return {
        areas: all(`[.ALP]{${areas}}`),
        ...forEach("range", cpus, all(`(\\[${edge},${edge}\\))?`)),
      };
    },
  },
  pins: {
    scope: { cpus: 2, pages: 2, frames: 2 },
    columns: ({ cpus = 0, pages = 0, frames = 0 }) => ({
      pages: all(list(`[.MuLP][ 1-${frames}]`, pages)),
      frames: all(`[.mtsX]{${frames}}`),
      ...forEach("TLB", cpus, all(`[-1-${frames}]{${pages}}`)),
    }),
  },
  contexts: {
    scope: { cpus: 1, shadow: 1 },
    columns: ({ cpus = 0 }) => {
      const context = "(process|spinlock held|bottom halves off|softirq|hard irq)";
      const mask = "GFP_(NOWAIT|NOIO|NOFS|KERNEL|KERNEL \\| __GFP_NOFAIL)";
      const part =
        "(vm_struct|vmap_area|address range|shadow|page array|pages|some PTEs|all PTEs|vmap_block|xarray node)";
      return {
        ...forEach("from", cpus, all(`${context}, ${mask}(, lazy MMU)?`)),
        ...forEach("area", cpus, /^(none|held|queued (in its memory|by its vm_struct))$/),
        ...forEach("has", cpus, all(`(-|${part}(, ${part})*)`)),
      };
    },
  },
  kasan: {
    scope: { cpus: 2, places: 2, sharing: 2 },
    columns: ({ places = 0, sharing = 1, cpus = 0 }) => ({
      places: all(`[.tLlp]{${places}}`),
      ...forEach("entry", places / sharing, all(`(-|${below(places / sharing + cpus)}:[.x]{${sharing}})`)),
    }),
  },
  objects: {
    scope: { cpus: 2, places: 2 },
    columns: ({ places = 0 }) => ({
      places: all(`[.tLl]{${places}}`),
      ...forEach("entry", places, all(`(-|${below(places)}:[.x])`)),
    }),
  },
  levels: {
    scope: { cpus: 2, regions: 1, tables: 1, pairs: 2, devices: 0 },
    columns: ({ cpus = 0, regions = 0, tables = 0, pairs = 0 }) => {
      const frames = list(`(\\.|${below(2 * pairs + 2)})`, 2);
      return {
        ...forEach("region", regions, all(`(none|table ${below(tables)}|frames [024] and on); ${frames}`)),
        ...forEach("table", tables, all(`(free|in use|taken out): ${frames}`)),
        ...Object.assign(
          {},
          ...Array.from({ length: cpus }, (_none, cpu) => ({
            [`walker ${cpu}`]: all(list(`(\\.|${below(tables)})`, regions)),
            [`TLB ${cpu}`]: all(frames),
          })),
        ),
      };
    },
  },
};

/** The columns of a protocol of this name. */
function drawingOf(name: string): Drawing {
  const family = Object.keys(DRAWINGS).find((each) => name.startsWith(`${each}-`));
  if (family === undefined) throw new Error(`no drawing is described for ${name}`);
  return DRAWINGS[family] as Drawing;
}

/** Some states of the machine, the nearest first. */
function statesOf(machine: PackedMachine): Int32Array[] {
  const { reached, states } = explore(visitActions(machine, { symmetry: false }), {
    bounds: { ...BOUNDS, states: MOST },
    enough: () => false,
  });
  return Array.from({ length: states }, (_none, number) => {
    const state = new Int32Array(machine.words);
    reached.read(number, state);
    return state;
  });
}

/** Compares the drawing with the allowed texts: the first text that is not allowed, if any. */
function wrongIn(drawn: Readonly<Record<string, string>>, may: Readonly<Record<string, RegExp>>) {
  const names = [Object.keys(drawn).join(), Object.keys(may).join()];
  if (names[0] !== names[1]) return `columns ${names[0]}, not ${names[1]}`;
  const wrong = Object.entries(drawn).find(([name, text]) => !may[name]?.test(text));
  return wrong && `${wrong[0]}: ${wrong[1]}`;
}

describe("in many states", () => {
  test.each(STEP_PROTOCOLS)("$name draws only what exists, and something of everything", (protocol) => {
    const { scope, columns } = drawingOf(protocol.name);
    const machine = protocol.machine(scope);
    const may = columns(scope);
    const seen = new Map(Object.keys(may).map((name) => [name, new Set<string>()]));
    for (const state of statesOf(machine)) {
      const drawn = machine.draw(state);
      expect(wrongIn(drawn, may)).toBeUndefined();
      for (const [name, text] of Object.entries(drawn)) seen.get(name)?.add(text);
    }
    const still = [...seen].filter(([, texts]) => texts.size < 2).map(([name]) => name);
    expect(still).toEqual([]);
  });

  test.each(PROTOCOLS)("no field of $name holds more than it means", (protocol) => {
    const usual = Object.entries(protocol.parameters).map(([key, { usual }]) => [key, usual]);
    const step = STEP_PROTOCOLS.some(({ name }) => name === protocol.name);
    const machine = protocol.machine(step ? drawingOf(protocol.name).scope : Object.fromEntries(usual));
    for (const state of statesOf(machine)) {
      const wrong = machine.layout.fields.find((field) => field.get(state) >= valuesOf(field.meaning));
      expect(wrong?.name).toBeUndefined();
    }
  });
});

/** States by their fields, the others 0, and what is drawn of each. */
const EXAMPLES: readonly (readonly [string, Scope, Scope, Readonly<Record<string, string>>])[] = [
  [
    "areas-6.12",
    { cpus: 2, places: 5, lazyMax: 1, caches: 1 },
    {
      "life of place 1": 1,
      "life of place 2": 2,
      "life of place 3": 3,
      "life of place 4": 4,
      "lazy nr": 6,
      "tlb[1]": 0b10010,
    },
    { areas: ".BLPp", lazy: "1", "TLB 0": "-", "TLB 1": "14" },
  ],
  [
    "pools-7.1",
    { cpus: 2, extents: 6 },
    {
      "place of extent 1": 1,
      "place of extent 2": 2,
      "place of extent 3": 4,
      "place of extent 4": 5,
      "place of extent 5": 7,
      length: 15,
    },
    { extents: ".BLpd!", length: "-1" },
  ],
  [
    "readers-6.16",
    { cpus: 2, areas: 3, pages: 2 },
    {
      "life of area 0": 1,
      "pages of area 0": 2,
      "life of area 1": 2,
      "lock of node 2": 2,
      "own counter[1]": 1,
    },
    { areas: "2 z .", locks: "- - 1", counters: "0 0 1" },
  ],
  [
    "waits-7.1",
    { cpus: 2, areas: 1, most: 1, workers: 1, memory: 1, other: 0 },
    {
      "purge lock": 3,
      "lazy nodes": 3,
      "drain work is": 2,
      "drain work run by": 1,
      "helper work is": 1,
      "idle workers": 2,
    },
    { lock: "drain work", lazy: "0 1", drain: "w", helper: "q", idle: "2" },
  ],
  [
    "blocks-6.12",
    { cpus: 2, blocks: 3, pages: 4 },
    {
      "life of block 0": 1,
      "free of block 0": 1,
      "live of page 0": 1,
      "pte of page 0": 1,
      "pte of page 1": 1,
      "stale of page 2[1]": 1,
      "tlb of page 2[1]": 1,
      "tlb of page 4[1]": 1,
      "life of block 2": 2,
      "free of block 2": 1,
    },
    { map: "Mm!.|    |xxxx lazy", "TLB 0": "-", "TLB 1": "24" },
  ],
  [
    "blocks-6.12",
    { cpus: 1, blocks: 1, pages: 3 },
    { "life of block 0": 2, "purging of block 0": 1 },
    { map: "xxx purging", "TLB 0": "-" },
  ],
  [
    "blocks-6.12",
    { cpus: 1, blocks: 1, pages: 3 },
    { "life of block 0": 1, "free of block 0": 2 },
    { map: "x..", "TLB 0": "-" },
  ],
  [
    "walks-2.6.33",
    { cpus: 2, blocks: 4, pages: 3 },
    {
      first: 2,
      readers: 0b10,
      "at of CPU 0": 1,
      "at of CPU 1": 5,
      "memory of block 1": 2,
      "free of block 1": 1,
      "dirty of block 1": 1,
      "next of block 1": 3,
      "memory of block 2": 1,
      "free of block 2": 2,
      "memory of block 3": 3,
      "dirty of block 3": 3,
      "area of block 3": 4,
      "next of block 3": 5,
    },
    {
      queue: "head>1",
      blocks: "- 1:xM.>2 2:M.. new>head 3:xxx gone no area>?",
      "walk 0": "",
      "walk 1": "?",
    },
  ],
  [
    "locks-6.5",
    { cpus: 2, blocks: 4, pages: 3 },
    {
      "next of head 0": 3,
      "prev of head 0": 1,
      "next of head 1": 1,
      "prev of head 1": 5,
      "life of block 1": 2,
      "free of block 1": 1,
      "dirty of block 1": 1,
      "next of block 1": 4,
      "prev of block 1": 1,
      "life of block 2": 1,
      "free of block 2": 2,
      "prev of block 2": 3,
      "life of block 3": 3,
      "dirty of block 3": 3,
    },
    {
      "queue 0": ">1 <h1",
      "queue 1": ">h1 <3",
      blocks: "- 1:xM. >2 <h1 2:M.. new >h0 <1 3:xxx gone >h0 <h0",
    },
  ],
  [
    "roots-5.2",
    { cpus: 2, roots: 2, addresses: 3, frames: 3 },
    {
      "life of address 0": 1,
      "life of address 1": 2,
      "life of address 2": 3,
      "reference of address 0": 1,
      "entry of root 0, address 0": 2,
      "entry of root 1, address 2": 3,
      "tlb of CPU 1, address 1": 3,
    },
    {
      address: "live unmapped lazy",
      init_mm: "0..",
      "root 0": "1..",
      "root 1": "..2",
      "TLB 0": "...",
      "TLB 1": ".2.",
    },
  ],
  [
    "roots-5.2",
    { cpus: 1, roots: 1, addresses: 2, frames: 1 },
    { "life of address 0": 4 },
    { address: "purging free", init_mm: "..", "root 0": "..", "TLB 0": ".." },
  ],
  [
    "reset-perms-5.2",
    { cpus: 3, areas: 4 },
    {
      "life of area 1": 1,
      "life of area 2": 2,
      "life of area 3": 3,
      "start of CPU 0": 9,
      "start of CPU 1": 2,
      "end of CPU 1": 8,
    },
    { areas: ".ALP", "range 0": "[MAX,0)", "range 1": "[2,8)", "range 2": "" },
  ],
  [
    "pins-always",
    { cpus: 2, pages: 4, frames: 4 },
    {
      "life[0]": 1,
      "maps[0]": 2,
      "life[1]": 2,
      "maps[1]": 1,
      "life[2]": 3,
      "life[3]": 4,
      "used[0]": 1,
      "used[1]": 2,
      "used[2]": 3,
      "used[3]": 4,
      "tlb[1,0]": 2,
    },
    { pages: "M2 u1 L  P ", frames: "mtsX", "TLB 0": "----", "TLB 1": "2---" },
  ],
  ["pins-always", { cpus: 1, pages: 1, frames: 1 }, {}, { pages: ". ", frames: ".", "TLB 0": "-" }],
  [
    "contexts-7.1",
    { cpus: 1, shadow: 1 },
    {
      "context of CPU 0": 2,
      "mask of CPU 0": 0,
      "section of CPU 0": 1,
      "area of CPU 0": 2,
      "parts of CPU 0": 0b101,
    },
    {
      "from 0": "bottom halves off, GFP_NOWAIT, lazy MMU",
      "area 0": "queued in its memory",
      "has 0": "vm_struct, address range",
    },
  ],
  [
    "kasan-6.17",
    { cpus: 1, places: 4, sharing: 2 },
    {
      "life of place 0": 1,
      "life of place 1": 2,
      "life of place 2": 3,
      "life of place 3": 4,
      "entry 0": 2,
      "says of place 1": 1,
    },
    { places: "tLlp", "entry 0": "1:.x", "entry 1": "-" },
  ],
  [
    "objects-4.18",
    { cpus: 1, places: 1 },
    { "life of place 0": 2, "entry 0": 1 },
    { places: "L", "entry 0": "0:." },
  ],
  [
    "levels-7.2",
    { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
    {
      "upper 0": 3,
      "owner's frame at page 0": 3,
      "life of table 0": 2,
      "leaf 1 of table 0": 1,
      "tlb of CPU 0, page 1": 4,
    },
    { "region 0": "frames 2 and on; 2 .", "table 0": "taken out: . 0", "walker 0": ".", "TLB 0": ". 3" },
  ],
];

describe("a state is drawn as it is:", () => {
  test.each(EXAMPLES)("of %s, %j", (name, scope, holds, drawn) => {
    const machine = stepMachineOf(name, scope);
    const state = new Int32Array(machine.words);
    for (const [field, value] of Object.entries(holds)) {
      const found = machine.layout.fields.find((each) => each.name === field);
      expect(found?.name).toBe(field);
      found?.set(state, value);
    }
    expect(machine.draw(state)).toEqual(drawn);
  });

  test("there is an example of each family", () => {
    const families = Object.keys(DRAWINGS);
    const drawn = EXAMPLES.map(([name]) => name);
    expect(families.filter((family) => !drawn.some((name) => name.startsWith(`${family}-`)))).toEqual([]);
  });
});

describe("a text is seen to be wrong", () => {
  const may = DRAWINGS.roots?.columns({ cpus: 1, roots: 1, addresses: 2, frames: 2 }) ?? {};
  const right = { address: "live free", init_mm: "1.", "root 0": "..", "TLB 0": "0." };
  test.each([
    ["with a root too many", { ...right, "root 1": ".." }],
    ["without its TLB", { address: "live free", init_mm: "1.", "root 0": ".." }],
    ["with a frame that is not there", { ...right, init_mm: "2." }],
    ["with an address too many", { ...right, "root 0": "..." }],
    ["with a life that is none", { ...right, address: "live " }],
  ])("%s", (_what, drawn) => {
    expect(wrongIn(right, may)).toBeUndefined();
    expect(wrongIn(drawn, may)).toBeDefined();
  });
});
