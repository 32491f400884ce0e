/** What a gather does, call by call. Each release takes its steps by the facts of its commits. */
import type { LawId } from "../../spec/contract.ts";
import type { Fingerprint } from "../../spec/fingerprint.ts";
import type { CommandRecord } from "../../spec/gather/commands/command.ts";
import { type Command, type Of, type Op, recordOf } from "../../spec/gather/commands.ts";
import type { Promises } from "../../spec/gather/releases.ts";
import type { Dump, Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import { PAGE, TOP } from "../../spec/gather/vocabulary.ts";
import { freeAtOnce, freeBatches, freeChain, leftIn, nextBatch } from "./batches.ts";
import { dumpOf } from "./dumps.ts";
import { flushMmu, flushTlb, flushTlbOnly, isNested } from "./flush.ts";
import { follow, insert, load, touch, walk } from "./hardware.ts";
import { queueHash, setLazy } from "./hash.ts";
import { adjustRange, noteEntry, noteTable, resetRange } from "./range.ts";
import { beginS390, flushS390, freeTableS390 } from "./s390.ts";
import {
  addState,
  copyState,
  type Gather,
  newGather,
  newState,
  type Rules,
  type State,
  type Steps,
} from "./state.ts";
import {
  collapse,
  flushTables,
  flushUnshared,
  graceEnds,
  invalidate,
  pageOf,
  removeTable,
  removeToFreelist,
  runCallbacks,
  unshare,
} from "./tables.ts";
import { endVma, flushFrames, removePage, setPageSize, startVma, zap } from "./zap.ts";

export const STEPS: Steps = {
  ...{ flushTlb, flushTlbOnly, flushTables, invalidate, finish, removeTable, unshare },
  ...{ nextBatch, freeBatches, setLazy, graceEnds, collapse },
};

/** What a harness refuses: nothing is done then. */
class Misuse extends Error {
  readonly why: NonNullable<Response["refused"]>;

  constructor(why: NonNullable<Response["refused"]>) {
    super(why);
    this.why = why;
  }
}

function gatherAt(state: State, g: number): Gather {
  const gather = state.gathers[g];
  if (gather === undefined) throw new Misuse("no gather");
  return gather;
}

type Result = Omit<Response, "events">;
const DONE: Result = {};

/** Carries out a command in place. */
function act(state: State, command: Command, rules: Rules): Response {
  state.events = [];
  try {
    const result = answer(state, command, rules);
    follow(state.hardware, state.scope, command, state.events);
    return { events: state.events, ...result };
  } catch (error) {
    if (error instanceof Misuse) return { events: state.events, refused: error.why };
    throw error;
  }
}

function answer(state: State, command: Command, rules: Rules): Result {
  const { op } = command;
  // A command is only ever handed to what its own op does.
  if (op in ANSWERS) return (ANSWERS[op as Answering] as Does<Result>)(state, command, rules);
  (DOES as Partial<Record<Op, Does<void>>>)[op]?.(state, command, rules);
  return DONE;
}

type Does<R, C = Command> = (state: State, command: C, rules: Rules) => R;
/** Ops that are answered by more than events. */
type Answering = "removePage" | "removeFolio" | "zap" | "rcuRun" | "touch";

const ANSWERS: { readonly [O in Answering]: Does<Result, Of<O>> } = {
  removePage: (state, { g, pfn, size = PAGE, raw = false }, rules) =>
    removed(state, gatherAt(state, g), rules, { pfn, count: 1, size, raw }),
  removeFolio: (state, { g, pfn, n }, rules) =>
    removed(state, gatherAt(state, g), rules, { pfn, count: n, size: PAGE, raw: true }),
  zap(state, command, rules) {
    const gather = gatherAt(state, command.g);
    if (state.scope.arch !== "s390") return { forceFlushes: zap(state, gather, rules, command) };
    for (let nth = 0; nth < command.n; nth++) freeAtOnce(state, command.pfn + nth);
    return { forceFlushes: 0 };
  },
  rcuRun: (state, _command, { steps }) => ({ ran: steps.graceEnds(state) ? runCallbacks(state) : 0 }),
  touch: ({ hardware, scope }, { cpu, addr }) => ({
    reached: touch(hardware, cpu, addr, !/^(gen|ppc64)$/.test(scope.arch)),
  }),
};

/** The other ops; one that is not here is nothing to a gather. */
const DOES: { readonly [O in Exclude<Op, Answering>]?: Does<void, Of<O>> } = {
  gather: begin,
  finish(state, { g, start, end }, rules) {
    rules.steps.finish(state, gatherAt(state, g), rules, start, end);
    state.gathers[g] = undefined;
  },
  startVma: (state, command, rules) => startVma(state, gatherAt(state, command.g), command, rules),
  endVma: (state, { g }, rules) => endVma(state, gatherAt(state, g), rules),
  freeVmas(state, { g }, rules) {
    if (rules.facts.frameVmas === "flush at free_vmas") flushFrames(state, gatherAt(state, g), rules);
  },
  removeEntry: (state, { g, level, addr, n = 1, size = PAGE }, { facts }) =>
    noteEntry(gatherAt(state, g), facts, { level, addr, count: n, size }),
  pageSize: (state, { g, size }, rules) => setPageSize(state, gatherAt(state, g), rules, size),
  freeTable: (state, command, rules) => freeTable(state, gatherAt(state, command.g), rules, command),
  flush(state, { g }, rules) {
    const gather = gatherAt(state, g);
    if (state.scope.arch === "s390") flushS390(state, gather, rules);
    else flushMmu(state, gather, rules);
  },
  flushTlbOnly: (state, { g }, rules) => rules.steps.flushTlbOnly(state, gatherAt(state, g), rules),
  needFlushAll(state, { g }) {
    gatherAt(state, g).all = 1;
  },
  unshare: (state, command, rules) => rules.steps.unshare(state, gatherAt(state, command.g), rules, command),
  flushUnshared: (state, { g }, rules) => flushUnshared(state, gatherAt(state, g), rules),
  lazy: (state, { g, on }, rules) => rules.steps.setLazy(state, g, rules, on === true),
  hpte(state, { g, addr, n = 1, psize = 0, ssize = 0, huge = false }, rules) {
    for (let nth = 0; nth < n; nth++)
      queueHash(state, g, rules, { addr: addr + nth * PAGE, psize, ssize, huge });
  },
  failAlloc(state, { n, after = 0 }) {
    state.fail = n;
    state.succeed = after;
  },
  pending(state, { delta }) {
    state.pending += delta;
  },
  cpus: setNumber,
  users: setNumber,
  current: setNumber,
  mmcpus(state, { n }) {
    state.mask = n;
  },
  asceLimit(state, { size }) {
    state.asceLimit = size;
  },
  collapse: (state, command, { steps }) => steps.collapse(state, command),
  migrate(state, { g }, { facts }) {
    if (facts.pagesIn === "array") state.preempted = g;
  },
  insert: ({ hardware }, { addr, pfn }) => insert(hardware, addr, pfn),
  walk: ({ hardware }, { cpu, table }) => walk(hardware, cpu, table !== undefined),
  load: ({ hardware }, { cpu, how }) => load(hardware, cpu, how),
};

function setNumber(state: State, { op, n }: Of<"cpus"> | Of<"users"> | Of<"current">): void {
  state[op] = n;
}

/** tlb_gather_mmu. */
function begin(state: State, { g, start, end, fullmm }: Of<"gather">, rules: Rules): void {
  const { facts } = rules;
  const { limits, arch } = state.scope;
  // Where the owner of a CPU's gather slept, the next one on that CPU takes the same array.
  if (state.gathers[g] !== undefined && state.preempted !== g) throw new Misuse("busy");
  const inArray = facts.pagesIn === "array";
  const unset = facts.range === "unset";
  const gather = newGather(g, inArray ? limits.array : limits.bundle, {
    fullmm: fullmm ? 1 : 0,
    fast: facts.fastMode && state.cpus === 1 ? 1 : 0,
    start: unset ? TOP : start,
    end: unset ? 0 : end,
  });
  if (facts.range === "given" && fullmm) {
    gather.start = 0;
    gather.end = TOP;
  }
  if (facts.range === "gathered") resetRange(gather);
  state.gathers[g] = gather;
  if (arch === "s390") beginS390(state, gather, rules);
}

/** tlb_finish_mmu, but for the counting of gathers. */
function finish(state: State, gather: Gather, rules: Rules, start: number, end: number): void {
  const { facts } = rules;
  if (state.scope.arch === "s390") {
    flushS390(state, gather, rules);
    return;
  }
  if (gather.fullyUnshared) state.events.push({ kind: "warn" });
  if (facts.range === "unset") {
    gather.start = start;
    gather.end = end;
  }
  if (facts.nested !== "ignored" && isNested(state)) finishNested(gather, rules, start, end);
  flushMmu(state, gather, rules);
  freeChain(state, gather);
}

/** What C keeps of a size in an unsigned int. */
const CUT = 2 ** 32;

function finishNested(gather: Gather, { facts }: Rules, start: number, end: number): void {
  if (facts.nested === "adds its range") {
    adjustRange(gather, start, end === TOP ? CUT - 1 - start : (end - start) % CUT);
    return;
  }
  gather.fullmm = 1;
  resetRange(gather);
  gather.freedTables = 1;
}

/** tlb_remove_page; raw, what it returns. */
function removed(
  state: State,
  gather: Gather,
  rules: Rules,
  page: { readonly pfn: number; readonly count: number; readonly size: number; readonly raw: boolean },
): Result {
  if (state.scope.arch === "s390") {
    freeAtOnce(state, page.pfn);
    return DONE;
  }
  const full = removePage(state, gather, rules, { ...page, delayed: false });
  if (page.raw) {
    const ret =
      rules.facts.returns === "whether it is full"
        ? Number(full)
        : gather.fast
          ? 1
          : full
            ? 0
            : leftIn(gather);
    return { ret, full };
  }
  if (full) flushMmu(state, gather, rules);
  return DONE;
}

/** pte_free_tlb and its kin, by the route of the architecture. */
function freeTable(state: State, gather: Gather, rules: Rules, { level, id, addr }: Of<"freeTable">): void {
  const { arch, tables } = state.scope;
  if (arch === "s390") {
    freeTableS390(state, gather, rules, level, id);
    return;
  }
  noteTable(gather, rules.facts, level, addr);
  if (arch === "ppc64" && rules.facts.pagesIn === "array") removeToFreelist(state, gather, id);
  else if (tables === "page" || rules.facts.pagesIn === "array")
    removed(state, gather, rules, { pfn: pageOf(id), count: 1, size: PAGE, raw: false });
  else rules.steps.removeTable(state, gather, rules, id);
}

/** A kernel as explorers and searches have it. */
export interface GatherKernel {
  readonly name: string;
  readonly promises: readonly LawId[];
  readonly release: Promises;
  readonly rules: Rules;
  /** What it marks; witnesses see all that matters here. */
  readonly paths: readonly string[];
  initial(scope: Scope): State;
  copy(state: State): State;
  assign(to: State, from: State): void;
  act(state: State, command: Command): Response;
  step(state: State, command: Command): readonly [State, Response];
  dump(state: State): Dump;
  marks(state: State): readonly string[];
  /** Adds all on which a later reply may depend. */
  add(state: State, to: Fingerprint): void;
}

/** A kernel with these rules, named after the release unless it is a changed one. */
export function gatherKernel(release: Promises, rules: Rules, name?: string): GatherKernel {
  const lacks = ({ feature }: CommandRecord) => feature !== undefined && !release.has[feature];
  const answers = (state: State, command: Command): Response =>
    lacks(recordOf(command)) ? { events: [], refused: "unsupported" } : act(state, command, rules);
  return {
    name: name ?? (release.labels[0] as string),
    promises: release.laws,
    release,
    rules,
    paths: [],
    initial: newState,
    copy: copyState,
    assign: (to, from) => {
      Object.assign(to, copyState(from));
    },
    act: answers,
    step: (state, command) => {
      const after = copyState(state);
      return [after, answers(after, command)];
    },
    dump: (state) => dumpOf(state, rules),
    marks: () => [],
    add: addState,
  };
}
