/** What a gather does, call by call. Each release takes its steps by the facts of its commits. */

import type { LawId } from "../../spec/contract.ts";
import type { Fingerprint } from "../../spec/fingerprint.ts";
import type { CommandRecord } from "../../spec/gather/commands/command.ts";
import { type Command, type Of, recordOf } from "../../spec/gather/commands.ts";
import type { Promises } from "../../spec/gather/releases.ts";
import type { Dump, Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import { PAGE, TOP } from "../../spec/gather/vocabulary.ts";
import { freeAtOnce, freeBatches, freeChain, leftIn, nextBatch } from "./batches.ts";
import { dumpOf } from "./dumps.ts";
import { addState } from "./fingerprint.ts";
import { flushMmu, flushTlb, flushTlbOnly, isNested } from "./flush.ts";
import { follow, insert, load, touch, walk } from "./hardware.ts";
import { queueHash, setLazy } from "./hash.ts";
import { adjustRange, noteEntry, noteTable, resetRange } from "./range.ts";
import { beginS390, flushS390, freeTableS390 } from "./s390.ts";
import { copyState, type Gather, newGather, newState, type Rules, type State, type Steps } from "./state.ts";
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
import { endVma, flushFrames, startVma } from "./vmas.ts";
import { removePage, setPageSize, zap } from "./zap.ts";

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
  switch (command.op) {
    case "gather":
      begin(state, command, rules);
      return DONE;
    case "finish": {
      const gather = gatherAt(state, command.g);
      rules.steps.finish(state, gather, rules, command.start, command.end);
      state.gathers[command.g] = undefined;
      return DONE;
    }
    case "startVma":
      startVma(state, gatherAt(state, command.g), command, rules);
      return DONE;
    case "endVma":
      endVma(state, gatherAt(state, command.g), rules);
      return DONE;
    case "freeVmas":
      if (rules.facts.frameVmas === "flush at free_vmas")
        flushFrames(state, gatherAt(state, command.g), rules);
      return DONE;
    case "removeEntry": {
      const { level, addr, n = 1, size = PAGE } = command;
      noteEntry(gatherAt(state, command.g), rules.facts, { level, addr, count: n, size });
      return DONE;
    }
    case "removePage": {
      const { pfn, size = PAGE, raw = false } = command;
      return removed(state, gatherAt(state, command.g), rules, { pfn, count: 1, size, raw });
    }
    case "removeFolio": {
      const { pfn, n } = command;
      return removed(state, gatherAt(state, command.g), rules, { pfn, count: n, size: PAGE, raw: true });
    }
    case "pageSize":
      setPageSize(state, gatherAt(state, command.g), rules, command.size);
      return DONE;
    case "zap": {
      const gather = gatherAt(state, command.g);
      if (state.scope.arch !== "s390") return { forceFlushes: zap(state, gather, rules, command) };
      for (let nth = 0; nth < command.n; nth++) freeAtOnce(state, command.pfn + nth);
      return { forceFlushes: 0 };
    }
    case "freeTable":
      freeTable(state, gatherAt(state, command.g), rules, command);
      return DONE;
    case "flush": {
      const gather = gatherAt(state, command.g);
      if (state.scope.arch === "s390") flushS390(state, gather, rules);
      else flushMmu(state, gather, rules);
      return DONE;
    }
    case "flushTlbOnly":
      rules.steps.flushTlbOnly(state, gatherAt(state, command.g), rules);
      return DONE;
    case "needFlushAll":
      gatherAt(state, command.g).all = 1;
      return DONE;
    case "unshare":
      rules.steps.unshare(state, gatherAt(state, command.g), rules, command);
      return DONE;
    case "flushUnshared":
      flushUnshared(state, gatherAt(state, command.g), rules);
      return DONE;
    case "lazy":
      rules.steps.setLazy(state, command.g, rules, command.on === true);
      return DONE;
    case "hpte": {
      const { addr, n = 1, psize = 0, ssize = 0, huge = false } = command;
      for (let nth = 0; nth < n; nth++)
        queueHash(state, command.g, rules, { addr: addr + nth * PAGE, psize, ssize, huge });
      return DONE;
    }
    case "failAlloc":
      state.fail = command.n;
      state.succeed = command.after ?? 0;
      return DONE;
    case "rcuRun":
      return { ran: rules.steps.graceEnds(state) ? runCallbacks(state) : 0 };
    case "pending":
      state.pending += command.delta;
      return DONE;
    case "cpus":
    case "users":
    case "current":
      state[command.op] = command.n;
      return DONE;
    case "mmcpus":
      state.mask = command.n;
      return DONE;
    case "asceLimit":
      state.asceLimit = command.size;
      return DONE;
    case "collapse":
      rules.steps.collapse(state, command);
      return DONE;
    case "migrate":
      if (rules.facts.pagesIn === "array") state.preempted = command.g;
      return DONE;
    case "insert":
      insert(state.hardware, command.addr, command.pfn);
      return DONE;
    case "touch":
      return {
        reached: touch(state.hardware, command.cpu, command.addr, !/^(gen|ppc64)$/.test(state.scope.arch)),
      };
    case "walk":
      walk(state.hardware, command.cpu, command.table !== undefined);
      return DONE;
    case "load":
      load(state.hardware, command.cpu, command.how);
      return DONE;
    default:
      return DONE;
  }
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
