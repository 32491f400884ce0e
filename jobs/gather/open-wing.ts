/** The whole wing gather. */
import { conform } from "../../adapters/gather/conform.ts";
import { formatHistory, historyIn } from "../../adapters/gather/history-file.ts";
import { judgeReplies } from "../../adapters/gather/judge-recording.ts";
import { readRecording, type Trace } from "../../adapters/gather/recording.ts";
import { inputError } from "../../adapters/input-error.ts";
import { attribute } from "../../counterexamples/attribution.ts";
import { BUGS } from "../../counterexamples/gather/index.ts";
import { shrink } from "../../engine/run/shrink.ts";
import { kernelCalled } from "../../kernels/gather/index.ts";
import { gatherSpec } from "../../model/gather/after.ts";
import { benchFor } from "../../properties/gather/bench.ts";
import type { LawId } from "../../spec/contract.ts";
import { lawsCalled } from "../../spec/gather/laws/index.ts";
import { type Promises, RELEASES } from "../../spec/gather/releases.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { World } from "../../spec/gather/world.ts";
import type { JudgedReply, Judging, OpenWing, RecordedTrace } from "../../spec/wing.ts";
import { orNearest } from "../usage-error.ts";
import { GATHER } from "./wing.ts";

interface GatherJudging extends Judging<GatherTerms> {
  readonly promises: Promises;
}

/** Laws about what only an observer sees, which no recording has. */
const UNOBSERVABLE: readonly string[] = [
  "table-after-walkers",
  "freed-not-reached",
  "freed-table-not-walked",
  "unlinked-is-flushed",
  "one-hash-entry",
];

export const OPEN_GATHER: OpenWing<GatherTerms> = {
  ...GATHER,
  files: {
    historyIn,
    formatHistory,
    asWritten: (step) => step,
    scopeOf: ({ scope }) => scope,
    recordings,
    conform(kernel, trace: Trace & RecordedTrace<GatherTerms>) {
      return conform(kernel, trace);
    },
  },
  bench: benchFor,
  lawsFor: ({ promises }) => lawsCalled(promises),
  whyUnmodelled: () => undefined,
  inheritanceOf: () => ({ violations: new Set(), gone: [] }),
  modelOf({ file, line, label, cut }) {
    if (cut !== undefined)
      throw inputError(file, line, "cut: only a whole trace can be compared with a model");
    const found = kernelCalled(label);
    if (found !== undefined) return found;
    throw inputError(file, line, `version: there is no model of ${JSON.stringify(label)}`);
  },
  judgingOf({ label, file, line, cut }, { as, law }): GatherJudging {
    const promises = promisesFor(as ?? label, as === undefined ? { file, line } : undefined);
    const by = as === undefined ? undefined : `the promises of ${as}`;
    if (cut !== undefined) return judgingOfCut({ file, line, cut }, law, { promises, release: label, by });
    const ids = law === undefined ? promises.laws : [...new Set([...promises.laws, law])];
    const unseen = ids.filter((id) => UNOBSERVABLE.includes(id));
    return {
      promises,
      promised: promises.laws,
      laws: lawsCalled(ids.filter((id) => !unseen.includes(id))),
      unseen,
      release: label,
      by,
    };
  },
  *judgeRecorded({ promises, laws }: GatherJudging, trace) {
    const last = trace.exchanges.length - 1;
    for (const reply of judgeReplies(gatherSpec(promises), laws, trace))
      yield trace.cut === undefined || reply.index === last ? reply : { ...reply, laws: [], following: [] };
  },
  cut: (trace: Trace & RecordedTrace<GatherTerms>, { promises }: GatherJudging, violating, law) =>
    cutTrace(trace, promises, violating, law),
  stopText: () => undefined,
  search: async () => (await import("./search.ts")).SEARCH_GATHER,
};

async function* recordings(file: string): AsyncGenerator<RecordedTrace<GatherTerms>> {
  for await (const trace of readRecording(file))
    yield { ...trace, requests: trace.exchanges.map(({ command }) => command) };
}

/** A cut has what one law needs at its last step. It proves nothing on other laws and other steps. */
function judgingOfCut(
  { file, line, cut }: Required<Pick<RecordedTrace<GatherTerms>, "file" | "line" | "cut">>,
  asked: string | undefined,
  { promises, release, by }: { promises: Promises; release: string; by: string | undefined },
): GatherJudging {
  const law = cut?.law as string;
  if (asked !== undefined && asked !== law)
    throw inputError(file, line, `cut.law: it was cut for ${law}, and says nothing of ${asked}`);
  const alone = `at its last step by ${law} alone`;
  return {
    ...{ promises, promised: promises.laws, laws: lawsCalled([law]), unseen: [], release },
    by: by === undefined ? alone : `${by}; ${alone}`,
  };
}

function promisesFor(label: string, recorded: { file: string; line: number } | undefined): Promises {
  const find = (word: string) => RELEASES.find(({ labels }) => labels.includes(word));
  const found = find(label);
  if (found !== undefined) return found;
  if (recorded === undefined)
    return orNearest(
      "kernel",
      label,
      find,
      RELEASES.flatMap(({ labels }) => labels),
    );
  const { file, line } = recorded;
  throw inputError(file, line, `version: no gather here is called ${JSON.stringify(label)}: say --as LABEL`);
}

// A recorded trace cut to the steps that a violation needs. Nothing is run again: requests and replies stay as recorded.
// So a step may be dropped only if the last reply still violates the law, and does the same: what the other steps show
// was true in the whole trace.

type Judged = JudgedReply<GatherTerms>;

/** The bound in judged replies: some seconds. */
const MOST_JUDGED = 1_000_000;

/** The steps that the violation needs, and their line. */
function cutTrace(trace: Trace, promises: Promises, violating: Judged, law: LawId) {
  const { exchanges, label, scope } = trace;
  const whole = exchanges.slice(0, violating.index + 1).map((exchange, index) => ({ index, exchange }));
  const spec = gatherSpec(promises);
  const laws = lawsCalled([law]);
  const bugOf = (reply: Judged) => attribute(BUGS, label, laws, reply)[0]?.bug;
  const bug = bugOf(violating);
  let budget = MOST_JUDGED;

  const last = (steps: typeof whole): Judged | undefined => {
    let before = spec.initial(scope);
    for (const [nth, { index, exchange }] of steps.entries()) {
      const { command, response } = exchange;
      // A gather that is open cannot begin again; one that is not takes no command.
      if ("g" in command && before.gathers.has(command.g) === (command.op === "gather")) {
        if (command.op !== "lazy" && command.op !== "hpte") return undefined;
      }
      const after = spec.after(before, command, response);
      if (after === undefined) return undefined;
      if (nth === steps.length - 1) return { index, before, command, response, after, laws, following: [] };
      before = after;
    }
    return undefined;
  };

  const facts = new Set(factsOf(violating.before));
  const fails = (steps: typeof whole): boolean => {
    if (steps.at(-1) !== whole.at(-1)) return false;
    budget -= steps.length;
    const reply = budget < 0 ? undefined : last(steps);
    return reply !== undefined && doesTheSame(reply, violating, facts) && bugOf(reply) === bug;
  };
  const without = (steps: typeof whole, dropped: ReadonlySet<number>) =>
    steps.filter((_step, nth) => !dropped.has(nth));
  const steps = shrink(whole, { fails, without, simpler: () => [] }).map(({ index }) => index);
  return { steps, minimal: budget >= 0, line: lineOf(trace, steps, law) };
}

/** Whether a reply does in a part of the trace what it does in the whole, where no more waits than there. */
function doesTheSame(part: Judged, whole: Judged, facts: ReadonlySet<string>): boolean {
  if (JSON.stringify(part.after?.reply) !== JSON.stringify(whole.after?.reply)) return false;
  if (part.before.users !== whole.before.users || part.before.pending !== whole.before.pending) return false;
  return factsOf(part.before).every((fact) => facts.has(fact));
}

/** What waits, in words. */
const factsOf = ({ uncovered, waiting, tables }: World): string[] => [
  ...[...uncovered.values()].map((removal) => `uncovered ${JSON.stringify(removal)}`),
  ...[...waiting].map(([pfn, { g }]) => `page ${pfn} of ${g}`),
  ...[...tables].map(([id, { g, queued }]) => `table ${id} of ${g} ${queued}`),
];

/** The line of a recording with only these steps. A dump shows the state after the whole trace: it is dropped. */
function lineOf({ file, line, written, exchanges, cut }: Trace, steps: readonly number[], law: LawId) {
  const { ops } = written;
  const from = cut?.from ?? `${file}:${line}`;
  const of = cut?.of ?? exchanges.length;
  const numbers = steps.map((index) => cut?.steps[index] ?? index + 1);
  const left = steps.map((index) => (ops[index + 1] as (typeof ops)[number]).map(withoutDump));
  return { ...written, cut: { from, of, steps: numbers, law }, ops: [ops[0], ...left] };
}

const OF_DUMPS = ["dump", "gathers", "alloc_pages", "rcu_queued", "users", "pending"];

const withoutDump = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !OF_DUMPS.includes(name)));
