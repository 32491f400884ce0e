/** How a breadth-first search handles a state and a batch, and its findings: the same for one thread and many. */
import { type Batch, emptyBatch } from "./batch.ts";
import { omissionBound } from "./compact-table.ts";
import type {
  Explored,
  Findings,
  First,
  Progress,
  Reached,
  Saved,
  SavedTable,
  Search,
  Table,
  Visitable,
} from "./visitable.ts";

/** The size of a batch in transitions, exceeded at most by those of one more state. */
export const BATCH = 512;
/** The most actions, by the numbers of a table, and the most laws, by the bits below ENDS. */
const MOST_ACTIONS = 65_535;
const MOST_LAWS = 30;
/** The longest run that `shortest` can hold. */
const LONGEST = 65_535;

export function savedFrom(
  { levels, head, levelEnd, findings, before }: Search,
  table: SavedTable,
  seconds: number,
  witnesses: ReadonlyMap<string, number>,
): Saved {
  return { levels, head, levelEnd, findings, seconds: before.seconds + seconds, witnesses, table };
}

/** A saved search, ready to continue. */
export function startOf({ levels, head, levelEnd, findings, seconds, witnesses }: Saved) {
  return { levels: [...levels], head, levelEnd, findings, before: { seconds, witnesses } };
}

/** The signature of a machine: another with the same signature has the same actions and laws by the same numbers. */
export function signature({ name, words, hashBits, actions, laws, reductions }: Visitable): string {
  return JSON.stringify([name, words, hashBits ?? 0, actions, laws.map(({ id }) => id), reductions]);
}

export function noFindings({ actions, laws }: Visitable): Findings {
  return {
    edges: 0,
    deadlocks: 0,
    fired: new Float64Array(actions.length),
    violated: [],
    first: laws.map(() => undefined),
    shortest: laws.map(() => new Uint16Array(actions.length)),
  };
}

export const batchFor = ({ words, actions }: Visitable): Batch => emptyBatch(words, BATCH + actions.length);

/** Throws a RangeError for a machine with too many actions or laws, or with two laws of one id. */
export function refuse({ name, actions, laws }: Visitable): void {
  const twice = laws.map(({ id }) => id).filter((id, nth, ids) => ids.indexOf(id) < nth);
  const wrong = [
    ...(actions.length > MOST_ACTIONS ? [`${actions.length} actions, more than ${MOST_ACTIONS}`] : []),
    ...(laws.length > MOST_LAWS ? [`${laws.length} laws, more than ${MOST_LAWS}`] : []),
    ...(twice.length > 0 ? [`more than one law called ${[...new Set(twice)].join(", ")}`] : []),
  ];
  if (wrong.length > 0) throw new RangeError(`${name} has ${wrong.join(", and ")}`);
}

/** Puts the initial state into an empty table, and notes the laws it violates by itself. */
export function addInitial(machine: Visitable, reached: Table, batch: Batch, findings: Findings): void {
  machine.begin(batch.forms);
  batch.from[0] = -1;
  batch.continues[0] = 1;
  batch.count = 1;
  reached.addAll(batch);
  batch.count = 0;
  // No action violated it: no run ends in one.
  noteFirst(findings, machine.violatedIn(batch.forms, 0), { from: -1, action: 0, length: 0 });
}

/** Adds the transitions from a state to the batch. */
export function expand(machine: Visitable, reached: Reached, batch: Batch, number: number): void {
  const before = batch.count;
  machine.expand(number, reached, batch);
  if (batch.count !== before) return;
  // A transition without an origin, so that it is counted like the others.
  batch.from[before] = -1;
  batch.continues[before] = 0;
  batch.violated[before] = 0;
  batch.count = before + 1;
}

/**
 * Counts the transitions of a batch that was put into the table, notes the laws they violated, and empties the batch.
 */
export function count(machine: Visitable, batch: Batch, findings: Findings, depth: number): void {
  const { fired } = findings;
  const { count, forms, from, by, violated, isNew, words } = batch;
  for (let nth = 0; nth < count; nth++) {
    if (from[nth] === -1) {
      findings.deadlocks += 1;
      continue;
    }
    const action = by[nth] as number;
    findings.edges += 1;
    fired[action] = (fired[action] as number) + 1;
    let laws = violated[nth] as number;
    if (isNew[nth] === 1) laws |= machine.violatedIn(forms, nth * words);
    if (laws !== 0) note(findings, laws, { from: from[nth] as number, action, length: depth + 1 });
  }
  batch.count = 0;
}

/** Notes the laws that a new state of a batch violates by itself. */
export function noteState(
  machine: Visitable,
  { forms, from, by, words }: Batch,
  nth: number,
  findings: Findings,
  length: number,
): void {
  const laws = machine.violatedIn(forms, nth * words);
  if (laws === 0) return;
  const where = { from: from[nth] as number, action: by[nth] as number, length };
  // No action violated the initial state.
  if (where.from < 0) noteFirst(findings, laws, where);
  else note(findings, laws, where);
}

/** Notes that an action violated these laws. */
function note(findings: Findings, laws: number, where: First): void {
  for (const [law, lengths] of findings.shortest.entries()) {
    if (((laws >> law) & 1) === 0 || lengths[where.action] !== 0) continue;
    lengths[where.action] = Math.min(LONGEST, where.length);
  }
  noteFirst(findings, laws, where);
}

/** Notes the first violation of each of these laws that was not violated before. */
function noteFirst({ first, violated }: Findings, laws: number, where: First): void {
  for (let law = 0; law < first.length; law++) {
    if (((laws >> law) & 1) === 0 || first[law] !== undefined) continue;
    first[law] = where;
    violated.push(law);
  }
}

/** The violated laws, in the order of their first violations. */
export function violatedIn({ machine, findings }: Search): string[] {
  return findings.violated.map((law) => (machine.laws[law] as { id: string }).id);
}

/** Transitions from the initial state to those visited now. */
export const depthOf = ({ levels }: Pick<Search, "levels">): number => levels.length - 1;

/** Once a level is visited, the states found from it are the next level. */
export function beginLevel(search: Search): void {
  search.levels.push(search.reached.count - search.levelEnd);
  search.levelEnd = search.reached.count;
}

/** States left are estimated only while levels shrink: as a geometric series of the last two. */
export function progressOf(search: Search, head: number): Progress {
  const { reached, levels } = search;
  const [before, last] = [levels.at(-2) ?? 0, levels.at(-1) ?? 0];
  const queue = reached.count - head;
  const left = last < before ? Math.round((last * last) / (before - last)) : undefined;
  return { states: reached.count, depth: depthOf(search), queue, bytes: reached.bytes, left };
}

/** The witnesses seen by the visiting machines, and by those before the search was resumed. */
export function witnessesOf(
  { before }: Search,
  machines: readonly (ReadonlyMap<string, number> | undefined)[],
): ReadonlyMap<string, number> {
  const seen = new Map<string, number>();
  for (const some of [before.witnesses, ...machines]) {
    for (const [id, wasSeen] of some ?? []) seen.set(id, Math.max(wasSeen, seen.get(id) ?? 0));
  }
  return seen;
}

export function summary(
  search: Search,
  ended: Explored["ended"],
  seconds: number,
  witnesses: ReadonlyMap<string, number>,
): Explored {
  const { machine, reached, hashBits, findings } = search;
  const violations = findings.violated.map((law) => ({
    law: (machine.laws[law] as { id: string }).id,
    run: runInto(search, law),
  }));
  const bounded = ended !== "fixpoint" && ended !== "break";
  return {
    states: reached.count,
    edges: findings.edges,
    // If the search ended inside a level, some states of the next level were found.
    depth: depthOf(search) + (reached.count > search.levelEnd ? 1 : 0),
    verdict: violations.length > 0 ? "broken" : bounded ? "bounded" : "holds",
    ended,
    violations,
    shortest: findings.shortest,
    deadlocks: findings.deadlocks,
    fired: findings.fired,
    witnesses,
    reductions: machine.reductions,
    exact: hashBits === undefined,
    hashBits,
    omission: hashBits === undefined ? 0 : omissionBound(reached.count, hashBits),
    bytes: reached.bytes,
    seconds: search.before.seconds + seconds,
    reached,
  };
}

function runInto({ machine, reached, findings }: Search, law: number): number[] {
  const { from, action } = findings.first[law] as First;
  if (from < 0) return [];
  return machine.run(from, reached, law, action);
}
