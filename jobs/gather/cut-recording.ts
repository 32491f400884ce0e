/**
 * A recorded trace cut to the steps that a violation needs. Nothing is run again: requests and replies stay as recorded.
 * So a step may be dropped only if the last reply still violates the law, and does the same: what the other steps show
 * was true in the whole trace.
 */
import type { Trace } from "../../adapters/gather/recording.ts";
import { attribute } from "../../counterexamples/attribution.ts";
import { BUGS } from "../../counterexamples/gather/index.ts";
import { shrink } from "../../engine/run/shrink.ts";
import { gatherSpec } from "../../model/gather/after.ts";
import type { LawId } from "../../spec/contract.ts";
import { lawsCalled } from "../../spec/gather/laws/index.ts";
import type { Promises } from "../../spec/gather/releases.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { World } from "../../spec/gather/world.ts";
import type { JudgedReply } from "../../spec/wing.ts";

type Judged = JudgedReply<GatherTerms>;

/** The bound in judged replies: some seconds. */
const MOST_JUDGED = 1_000_000;

/** The steps that the violation needs, and their line. */
export function cutTrace(trace: Trace, promises: Promises, violating: Judged, law: LawId) {
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
