/**
 * Calls on a tree's own code from given contexts and with given masks: what each does that these may forbid. Each is made
 * in several situations, as it is and once for each allocation of memory in it, which fails.
 */
import type { LawId } from "../../spec/contract.ts";
import { MEMORY_LAWS } from "../../spec/process.ts";
import {
  type CallFrom,
  CONTEXT_LAWS,
  CONTEXTS,
  type Context,
  type Layer,
  locksSurviveInterrupts,
  MASKS,
  type Mask,
  type Seen,
} from "../../spec/vmap/concepts.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import type { Built } from "../build.ts";
import { BASE, EVENTS, Instance, KINDS, OPS, type Saved, type Stop } from "../webassembly.ts";

export interface Callers {
  readonly vmalloc: readonly CallFrom[];
  readonly vfree: readonly Context[];
}

/** A law that a call violates, where it is made as often as said. */
export interface WatchedViolation extends CallFrom {
  readonly law: LawId;
  readonly call: string;
  readonly situation: string;
  /** Which of its allocations of memory fails, from 1; 0 for none. */
  readonly fails: number;
  readonly says: string;
  /** The line of the allocator; undefined where none is known. */
  readonly line: number | undefined;
  /** It never returns. */
  readonly isEndless: boolean;
  /** PTEs that it has set itself are left where it ends, or does not end. */
  readonly leavesPtes: boolean;
}

interface WatchedCalls {
  readonly calls: number;
  /** Of each law and call the first, with the fewest failures. */
  readonly violations: readonly WatchedViolation[];
}

const PAGES = 32;
/** With its guard page an area fills the window. */
const ALL = PAGES - 1;
const FEW = 3;
/** The last mask but one: what calls ask with that take none. */
const KERNEL = MASKS.find(({ name }) => name === "GFP_KERNEL") as Mask;

/** What was done before the call, and above how many lazy pages a free purges. */
interface Situation {
  readonly name: string;
  readonly lazyMax: number;
  readonly before: readonly Asked[];
}

/** A call; what takes an area takes the last that was given. */
type Asked = readonly [op: number, ...args: readonly number[]];

const vmalloc = (pages: number, mask: Mask = KERNEL): Asked => [
  OPS.vmalloc,
  pages * PAGE_SIZE,
  MASKS.indexOf(mask),
];
const VFREE: Asked = [OPS.free];
const MAP: Asked = [OPS.mapRam, FEW, 1];
const UNMAP: Asked = [OPS.unmapRam, FEW];
const VMAP: Asked = [OPS.vmap, FEW, 1, 0];

const SITUATIONS: readonly Situation[] = [
  { name: "nothing is allocated", lazyMax: 1000, before: [] },
  { name: "all is lazy", lazyMax: 1000, before: [vmalloc(ALL), VFREE] },
  { name: "each free purges", lazyMax: 0, before: [vmalloc(FEW), VFREE] },
];

/** What is asked for in a situation: the calls before it, and its own. */
interface Watched extends CallFrom {
  readonly name: string;
  readonly first: readonly Asked[];
  readonly asked: Asked;
}

function callsFrom({ vmalloc: from, vfree }: Callers): readonly Watched[] {
  const process = { context: "process", mask: KERNEL } as const;
  return [
    ...from.map((each) => ({
      ...{ ...each, name: `vmalloc(${each.mask.name})` },
      ...{ first: [], asked: vmalloc(FEW, each.mask) },
    })),
    ...vfree.map((context) => ({
      ...{ context, mask: KERNEL, name: "vfree" },
      ...{ first: [vmalloc(FEW)], asked: VFREE },
    })),
    { ...process, name: "vm_map_ram", first: [], asked: MAP },
    { ...process, name: "vm_unmap_ram", first: [MAP], asked: UNMAP },
    { ...process, name: "vmap", first: [], asked: VMAP },
    { ...process, name: "vunmap", first: [VMAP], asked: VFREE },
    { ...process, name: "vm_unmap_aliases", first: [MAP, UNMAP], asked: [OPS.unmapAliases] },
  ];
}

/**
 * Makes every call in every situation. Throws an InputError where the tree cannot be asked that.
 *
 * @param isEach Each violation, in each situation and with each failure, not only the first of a law and call.
 */
export function watchCalls(built: Built, callers: Callers, isEach = false): WatchedCalls {
  const found = new Map<string, WatchedViolation>();
  let calls = 0;
  for (const situation of SITUATIONS) {
    const machine = new Machine(built, situation);
    for (const watched of callsFrom(callers)) {
      let most = 0;
      for (let fails = 0; fails <= most; fails++) {
        calls += 1;
        const { allocations, seen } = machine.watch(watched, fails);
        if (fails === 0) most = allocations;
        for (const { law, ...what } of seen) {
          const { name: call, context, mask } = watched;
          // Of a lock each call that takes it would be one.
          const first = law === locksSurviveInterrupts.id ? law : `${law} ${call} ${context}`;
          const key = isEach ? `${law} ${call} ${context} ${situation.name} ${fails}` : first;
          const known = found.get(key);
          if (known !== undefined && known.fails <= fails) continue;
          found.set(key, { law, call, context, mask, situation: situation.name, fails, ...what });
        }
      }
    }
  }
  return { calls, violations: [...found.values()] };
}

type Violated = Pick<WatchedViolation, "law" | "says" | "line" | "isEndless" | "leavesPtes">;

/** Who took a lock that leaves bottom halves on, in any call of this machine. */
interface Taken {
  inSoftirq: boolean;
  inProcess: boolean;
}

class Machine {
  readonly #instance: Instance;
  readonly #begin: Saved;
  readonly #locks = new Map<number, Taken>();
  /** The area given last, and what PTEs were set and not cleared. */
  #given = 0;
  #ptes = 0;

  constructor(built: Built, { lazyMax, before }: Situation) {
    const arena = 1 << 18;
    const boot = { start: undefined, end: PAGES * PAGE_SIZE, lazyMax, cpus: 1, absent: 0, arena };
    this.#instance = new Instance(built, boot);
    this.#instance.call(OPS.init);
    this.#instance.setBase();
    for (const asked of before) this.#ask(asked);
    this.#begin = before.length === 0 ? BASE : this.#instance.save();
  }

  /** One call, watched. */
  watch(
    watched: Watched,
    fails: number,
  ): { readonly allocations: number; readonly seen: readonly Violated[] } {
    const { first, asked, context } = watched;
    const instance = this.#instance;
    instance.restore(this.#begin);
    for (const each of first) this.#ask(each);
    const at = instance.save();
    const given = this.#given;
    const before = this.#left();
    instance.restore(at);
    this.#given = given;
    this.#ptes = 0;
    if (fails > 0) instance.failAt(fails);
    instance.watch(CONTEXTS.indexOf(context));
    const stop = this.#ask(asked);
    const { allocations } = instance;
    const leavesPtes = this.#ptes > 0;
    const seen = [...this.#seen(watched), ...(stop === undefined ? [] : [{ seen: stopSeen(watched, stop) }])];
    const isRefused = stop === undefined && instance.kind === KINDS.refused;
    const violated = seen.flatMap((each) => violatedBy(watched, each, leavesPtes));
    const left = isRefused ? this.#differs(before) : undefined;
    if (left !== undefined && fails > 0)
      violated.push({ law: LEAVES_NOTHING, says: left, line: undefined, isEndless: false, leavesPtes });
    return { allocations, seen: violated };
  }

  /** Makes a call on CPU 0; returns why it stopped. */
  #ask([op, ...args]: Asked): Stop | undefined {
    const instance = this.#instance;
    const takes = op === OPS.free || op === OPS.unmapRam ? [this.#given] : [];
    for (const [nth, value] of [0, ...takes, ...args].entries()) instance.argument(nth, value);
    const stop = instance.call(op);
    if (instance.kind === KINDS.placed) this.#given = instance.value;
    for (let nth = 0; nth < instance.events; nth++) {
      const kind = instance.event(nth, 0);
      this.#ptes += kind === EVENTS.set ? 1 : kind === EVENTS.clear ? -1 : 0;
    }
    return stop;
  }

  /** What a purge leaves. */
  #left(): Left {
    const instance = this.#instance;
    this.#ask([OPS.purge]);
    const memory = instance.live;
    instance.dump();
    const kinds = Array.from({ length: instance.events }, (_none, nth) => instance.event(nth, 0));
    const count = (...of: readonly number[]) => kinds.filter((kind) => of.includes(kind)).length;
    return {
      "areas in use": count(EVENTS.area),
      "allocations of memory": memory - count(EVENTS.freeExtent, EVENTS.pooled),
    };
  }

  #differs(before: Left): string | undefined {
    const after = this.#left();
    const names = Object.keys(before) as (keyof Left)[];
    const name = names.find((each) => before[each] !== after[each]);
    if (name !== undefined) return `leaves ${name}: ${after[name]}, and not ${before[name]}`;
    return this.#ptes === 0 ? undefined : `leaves PTEs: ${this.#ptes}, and not 0`;
  }

  /** What the last call was seen to do. */
  #seen({ context }: Watched): readonly SeenAt[] {
    const instance = this.#instance;
    const seen: SeenAt[] = [];
    for (let nth = 0; nth < instance.events; nth++) {
      const [kind, a, b, c] = [0, 1, 2, 3].map((field) => instance.event(nth, field)) as Four;
      const at = { line: a === 0 ? undefined : a };
      const inSection = b > 0;
      if (kind === EVENTS.sleeps) seen.push({ ...at, seen: { slept: { inSection } } });
      else if (kind === EVENTS.asks) {
        const entered = LAYERS.filter((_layer, bit) => (c >> bit) & 1);
        const slept = entered.length > 0 ? { slept: { inSection } } : {};
        seen.push({ ...at, seen: { entered, ...slept } });
      } else if (kind === EVENTS.locks) seen.push({ seen: { locks: this.#taken(a, context, c === 1) } });
      else if (kind === EVENTS.queues) seen.push({ seen: { queuedInMapped: false } });
      else if (kind === EVENTS.leaves)
        seen.push({ seen: { returned: { granted: instance.kind !== KINDS.refused, inSection: a > 0 } } });
    }
    return seen;
  }

  #taken(lock: number, context: Context, bottomHalvesOn: boolean) {
    const taken = this.#locks.get(lock) ?? { inSoftirq: false, inProcess: false };
    if (context === "softirq") taken.inSoftirq = true;
    else if (bottomHalvesOn && ["process", "spinlock held"].includes(context)) taken.inProcess = true;
    this.#locks.set(lock, taken);
    return { inSoftirq: taken.inSoftirq, whereOneMayCome: taken.inProcess };
  }
}

interface Left {
  readonly "areas in use": number;
  /** But for descriptors of free space. */
  readonly "allocations of memory": number;
}

/** What does not return tries for ever, if it may not fail. */
const stopSeen = ({ mask }: CallFrom, { kind, text }: Stop): Seen =>
  kind === "endless" && mask.mayNotFail ? { isEndless: true } : { stoppedBy: text };

type Four = [number, number, number, number];

/** By the bits of drive_may (shim/drive.h). */
const LAYERS: readonly Layer[] = ["reclaim", "block layer", "filesystem"];

const LEAVES_NOTHING: LawId = MEMORY_LAWS.find(({ id }) => id === "failure-leaves-nothing")?.id as LawId;

interface SeenAt {
  readonly seen: Seen;
  readonly line?: number | undefined;
}

function violatedBy(call: CallFrom, { seen, line }: SeenAt, leavesPtes: boolean): readonly Violated[] {
  return CONTEXT_LAWS.filter((law) => !law.holds(undefined, call, seen, undefined)).map(({ id }) => ({
    law: id,
    says: saysOf(seen),
    line,
    isEndless: seen.isEndless === true,
    leavesPtes,
  }));
}

function saysOf({ slept, entered, stoppedBy, locks, returned, isEndless }: Seen): string {
  if (isEndless) return "does not return: it tries for ever";
  if (stoppedBy !== undefined) return `stops: ${stoppedBy}`;
  const section = slept?.inSection ? ", in a section that may not" : "";
  if (entered !== undefined) return `allocates memory, and may enter ${entered.join(", ")}${section}`;
  if (slept !== undefined) return `may sleep${section}`;
  if (locks !== undefined) return "takes a lock that a softirq takes, and leaves bottom halves on";
  if (returned === undefined) return "queues what it frees in memory that is not mapped";
  return returned.granted ? "returns in a section that it began" : "is refused";
}
