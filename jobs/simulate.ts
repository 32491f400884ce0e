/** `simulate`: what laziness costs and saves, by a simulation that is fed with what the kernel models do (docs/cost.md). */
import { readCosts, readDefaultCosts } from "../adapters/costs-file.ts";
import { COSTS, type Cost, type Costs, withCosts } from "../costs/costs.ts";
import { GATHERINGS, type MunmapResult, runMunmap } from "../costs/gather/munmap.ts";
import { type PowerLaw, powerLawThrough } from "../costs/simulation.ts";
import { type Column, runCell, SEED_CPUS, SEED_TABLE } from "../costs/vmap/calibration.ts";
import { type Interface, type LoopResult, loopInTurns, runLoop } from "../costs/vmap/loop.ts";
import {
  DIRECTORY,
  type DirectoryResult,
  type PinTimes,
  PROFILE,
  runDirectory,
  runPins,
} from "../costs/vmap/workloads.ts";
import { linux } from "../kernels/vmap/index.ts";
import { POLICIES } from "../kernels/vmap/pinning.ts";
import { orNearest } from "./usage-error.ts";
import { type Watch, Work } from "./work.ts";

export const PARTS = [
  "table",
  "variants",
  "sensitivity",
  "directory",
  "growth",
  "aliases",
  "gather",
] as const;
type Part = (typeof PARTS)[number];

export interface SimulateOptions extends Watch {
  /** Beside the table, which is always made. */
  readonly parts?: readonly string[] | undefined;
  /** A file of costs; those of the Opteron of 2008 where there is none. */
  readonly costs?: string | undefined;
  readonly seed?: number | undefined;
  /** The most CPUs of growth. */
  readonly cpus?: number | undefined;
}

interface TableRow {
  readonly threads: number;
  /** Simulated nanoseconds of a map, touch and unmap of 4 pages, and those of the message of db64fe02. */
  readonly before: number;
  readonly after: number;
  readonly measured: Readonly<Record<Column, number>>;
}

interface Variant {
  readonly what: string;
  readonly threads: number;
  readonly before: number | null;
  readonly after: number;
}

/** By how much a cell grows, as a factor, where one cost is twice as large. */
interface Sensitivity {
  readonly cost: Cost;
  readonly nanoseconds: number;
  readonly oneThreadBefore: number;
  readonly before: number;
  readonly after: number;
}

export interface Growth {
  readonly kernel: string;
  readonly calls: Interface;
  readonly points: readonly {
    readonly cpus: number;
    readonly nanoseconds: number;
    readonly busiest: string;
    readonly busy: number;
  }[];
  /** Of the time of a call, from the CPUs on at which a lock is saturated; of all, where none is. */
  readonly law: PowerLaw | null;
  /** The first number of CPUs at which a lock is held nine tenths of the time, and that lock. */
  readonly knee: { readonly cpus: number; readonly lock: string } | null;
}

/** Each share beside that of the same line in the profile of db64fe02; null where it has none. */
interface ProfiledResult extends Omit<DirectoryResult, "shares"> {
  readonly shares: readonly {
    readonly as: string;
    readonly share: number;
    readonly measured: number | null;
  }[];
}

export interface SimulateReport {
  readonly machine: string;
  readonly calibratedOn: readonly string[];
  readonly seed: number;
  readonly seedTable: readonly TableRow[];
  /** Before to after, at the most threads; null if interrupted before. */
  readonly ratio: number | null;
  readonly variants?: readonly Variant[];
  readonly sensitivity?: readonly Sensitivity[];
  readonly directory?: {
    readonly before: ProfiledResult;
    readonly after: ProfiledResult;
    readonly speedup: number;
    /** What the mapping of a buffer takes of all CPUs together, with nothing else to do: before to after. */
    readonly vmapAlone: number;
  };
  readonly growth?: readonly Growth[];
  readonly aliases?: readonly (PinTimes & {
    readonly policy: string;
    readonly kernel: string;
    readonly others: string;
  })[];
  readonly gather?: readonly (MunmapResult & { readonly batch: string; readonly threads: number })[];
  readonly interrupted: boolean;
}

/** A release of each family: the labels of docs/cost.md. */
const FAMILIES: readonly string[] = [
  "2.6.27",
  "2.6.28",
  "2.6.39",
  "4.15.0",
  "5.2",
  "5.17",
  "6.1",
  "6.12",
  "7.2",
];

const MOST_CPUS = 4096;
const SATURATED = 0.9;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Throws a UsageError for an unknown one. */
export const partsNamed = (words: readonly string[]): Part[] =>
  words.map((word) => orNearest("part", word, (each) => PARTS.find((part) => part === each), PARTS));

/** Runs the parts that are asked for; one of which nothing was computed is left out. Throws a UsageError for an unknown part, an InputError for a bad file. */
export async function simulate(options: SimulateOptions = {}): Promise<SimulateReport> {
  const { seed = 1, cpus = MOST_CPUS } = options;
  const wanted = partsNamed(options.parts ?? []);
  const costs = options.costs === undefined ? await readDefaultCosts() : await readCosts(options.costs);
  const work = new Work(options);
  const rows: TableRow[] = [];
  const report: Mutable<SimulateReport> = {
    machine: costs.machine,
    calibratedOn: costs.calibratedOn,
    seed,
    seedTable: rows,
    ratio: null,
    interrupted: false,
  };
  const make: Readonly<Record<Part, () => AsyncGenerator<string | undefined, void>>> = {
    table: async function* () {
      for (const { threads, ...measured } of SEED_TABLE) {
        yield `${threads} threads`;
        const cell = (column: Column) => runCell(column, threads, costs, { seed }).nanoseconds;
        rows.push({ threads, before: cell("before"), after: cell("after"), measured });
      }
      const last = rows.at(-1) as TableRow;
      report.ratio = last.before / last.after;
    },
    variants: async function* () {
      const variants: Variant[] = [];
      for (const each of variantsOf(costs, seed)) {
        yield each.what;
        variants.push(each.run());
        report.variants = variants;
      }
    },
    sensitivity: async function* () {
      const found: Sensitivity[] = [];
      const cells = (with_: Costs) =>
        [
          runCell("before", 1, with_),
          runCell("before", SEED_CPUS, with_),
          runCell("after", SEED_CPUS, with_),
        ].map(({ nanoseconds }) => nanoseconds) as [number, number, number];
      const plain = cells(costs);
      for (const cost of COSTS) {
        yield cost;
        const nanoseconds = costs.nanoseconds[cost];
        const doubled = cells(withCosts(costs, { [cost]: 2 * nanoseconds }));
        const [oneThreadBefore, before, after] = doubled.map(
          (each, nth) => each / (plain[nth] as number),
        ) as [number, number, number];
        found.push({ cost, nanoseconds, oneThreadBefore, before, after });
        report.sensitivity = found;
      }
    },
    directory: async function* () {
      yield "the directory, with nothing but maps";
      const alone = runDirectory("2.6.27", costs, 0, seed);
      const aloneAfter = runDirectory("2.6.28", costs, 0, seed);
      const otherWork = DIRECTORY.otherWork * alone.interval;
      yield "the directory";
      const before = profiled("before", runDirectory("2.6.27", costs, otherWork, seed));
      const after = profiled("after", runDirectory("2.6.28", costs, otherWork, seed));
      const speedup = before.interval / after.interval;
      report.directory = { before, after, speedup, vmapAlone: alone.interval / aloneAfter.interval };
    },
    growth: async function* () {
      const growth: Growth[] = [];
      for (const kernel of FAMILIES) {
        for (const calls of kernel === "2.6.27" ? (["vmap"] as const) : (["vmap", "vm_map_ram"] as const)) {
          const points: Growth["points"][number][] = [];
          for (let each = 1; each <= cpus; each *= 4) {
            yield `${kernel}, ${calls}, ${each} CPUs`;
            const machine = { kernel: linux(kernel), costs, cpus: each, threads: each };
            const result = yield* loopInTurns({ ...machine, pages: 4, calls, seed });
            points.push(pointOf(each, result));
          }
          growth.push({ kernel, calls, points, ...kneeOf(points) });
          report.growth = growth;
        }
      }
    },
    aliases: async function* () {
      const aliases: Mutable<NonNullable<SimulateReport["aliases"]>[number]>[] = [];
      for (const policy of POLICIES) {
        for (const kernel of ["2.6.28", "3.16", "4.15.0"]) {
          for (const others of ["idle", "mapping"]) {
            yield `${policy.id}, ${kernel}`;
            const times = runPins(kernel, policy, costs, SEED_CPUS, others === "mapping");
            aliases.push({ policy: policy.id, kernel, others, ...times });
            report.aliases = aliases;
          }
        }
      }
    },
    gather: async function* () {
      const gather: Mutable<NonNullable<SimulateReport["gather"]>[number]>[] = [];
      for (const gathering of GATHERINGS) {
        for (const threads of [1, 2, 8, 64, 256]) {
          yield gathering.name;
          gather.push({ batch: gathering.name, threads, ...runMunmap(gathering, costs, threads, GATHERED) });
          report.gather = gather;
        }
      }
    },
  };
  for (const part of PARTS.filter((each) => each === "table" || wanted.includes(each))) {
    for await (const text of make[part]()) if (await work.turn(text)) return { ...report, interrupted: true };
  }
  return report;
}

/** Pages of the munmap of a gather: 40 MiB, more than 19 batches hold. */
const GATHERED = 10_240;

function profiled(side: "before" | "after", { shares, ...more }: DirectoryResult): ProfiledResult {
  const measured = PROFILE[side];
  return { ...more, shares: shares.map((each) => ({ ...each, measured: measured.get(each.as) ?? null })) };
}

function pointOf(cpus: number, { nanoseconds, locks }: LoopResult): Growth["points"][number] {
  // A free only tries the purge lock: no CPU waits for it.
  const [first] = locks.filter(({ name }) => name !== "vmap_purge_lock") as [LoopResult["locks"][number]];
  // Of locks of one kind, one for each node, the number is left out.
  return { cpus, nanoseconds, busiest: first.name.replace(/ \d+$/, ""), busy: first.busy };
}

function kneeOf(points: Growth["points"]): Pick<Growth, "law" | "knee"> {
  const at = points.findIndex(({ busy }) => busy >= SATURATED);
  const beyond = points.slice(Math.max(0, at)).map(({ cpus, nanoseconds }) => [cpus, nanoseconds] as const);
  const found = points[at];
  return {
    law: beyond.length < 3 ? null : powerLawThrough(beyond),
    knee: found === undefined ? null : { cpus: found.cpus, lock: found.busiest },
  };
}

interface PlannedVariant {
  readonly what: string;
  run(): Variant;
}

/** The table's last row with another threshold, another number of pages, and by vmap. */
function variantsOf(costs: Costs, seed: number): PlannedVariant[] {
  const after = (
    label: string,
    calls: Interface,
    more: { threads?: number; threshold?: number; pages?: number } = {},
  ) =>
    runLoop({
      kernel: linux(label),
      costs,
      cpus: SEED_CPUS,
      threads: SEED_CPUS,
      pages: 4,
      calls,
      seed,
      ...more,
    }).nanoseconds;
  const before = (threads: number, pages: number) =>
    runCell("before", threads, costs, { pages, seed }).nanoseconds;
  const planned = (what: string, threads: number, old: () => number | null, rewrite: () => number) => ({
    what,
    run: () => ({ what, threads, before: old(), after: rewrite() }),
  });
  return [
    ...[0.5, 1, 2].flatMap((threshold) => [
      planned(
        `threshold x ${threshold}`,
        SEED_CPUS,
        () => null,
        () => after("2.6.28", "vm_map_ram", { threshold }),
      ),
      planned(
        `threshold x ${threshold}, vmap`,
        SEED_CPUS,
        () => null,
        () => after("2.6.28", "vmap", { threshold }),
      ),
    ]),
    ...[1, 2, 4, 8, 16, 32, 64].map((pages) =>
      planned(
        `${pages} page${pages === 1 ? "" : "s"}`,
        SEED_CPUS,
        () => before(SEED_CPUS, pages),
        () => after("2.6.28", "vm_map_ram", { pages }),
      ),
    ),
    ...[1, 2, 4, 8].flatMap((threads) =>
      ["2.6.28", "2.6.39"].map((label) =>
        planned(
          `vmap on ${label}`,
          threads,
          () => before(threads, 4),
          () => after(label, "vmap", { threads }),
        ),
      ),
    ),
    // "vmalloc rather slow", linux-mm, 2010-04-12: one thread on an idle machine of 8 CPUs.
    ...["2.6.28", "2.6.39"].map((label) =>
      planned(
        `vmap of 1 page on ${label}`,
        1,
        () => before(1, 1),
        () => after(label, "vmap", { threads: 1, pages: 1 }),
      ),
    ),
  ];
}
