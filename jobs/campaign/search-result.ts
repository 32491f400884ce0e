/** What a shared search found, as a local search says it. */
import { emptyBatch, push } from "../../engine/search/batch.ts";
import { omissionBound } from "../../engine/search/compact-table.ts";
import { noFindings, summary } from "../../engine/search/search.ts";
import { StateTable } from "../../engine/search/state-table.ts";
import type { Explored, Findings, Visitable } from "../../engine/search/visitable.ts";
import { UsageError } from "../usage-error.ts";
import { PARTITIONS, type SharedSearch } from "./open-search.ts";
import type { SearchStates } from "./search-states.ts";
import type { SearchTasks } from "./search-tasks.ts";

/** Its findings so far, with the states on the way to each violation. */
export async function exploredOf(
  { tasks, states: known }: SharedSearch,
  machine: Visitable,
  ended: Explored["ended"],
  seconds: number,
): Promise<Explored> {
  const status = await tasks.status();
  const sent = await tasks.findings();
  refuseForeign(sent, machine);
  const findings = noFindings(machine);
  for (const [name, times] of sent.counts) {
    const [kind, action] = name.split(":");
    if (kind === "edges") findings.edges = times;
    else if (kind === "deadlocks") findings.deadlocks = times;
    else findings.fired[Number(action)] = times;
  }
  for (const [name, length] of sent.shortest) {
    const [law, action] = name.split(":").map(Number) as [number, number];
    (findings.shortest[law] as Uint16Array)[action] = length;
  }
  const reached = new StateTable(machine.words);
  const { levels = [], rounds = 0 } = status ?? {};
  await addPaths(known, machine, reached, findings, sent.first, rounds);
  const whole = levels.reduce((sum, each) => sum + each, 0);
  const shards = await known.shards(rounds);
  const states = shards.reduce((sum, each) => sum + each.states, 0);
  const ids = [...(machine.witnesses?.().keys() ?? [])];
  const witnesses = new Map(ids.map((id) => [id, sent.seen.includes(id) ? 1 : 0]));
  const { hashBits } = machine;
  const begun = { levels: [...levels], head: 0, levelEnd: reached.count };
  const before = { seconds: status?.seconds ?? 0, witnesses: new Map<string, number>() };
  return {
    ...summary({ machine, reached, hashBits, findings, before, ...begun }, ended, seconds, witnesses),
    states,
    depth: levels.length - (states > whole ? 0 : 1),
    omission: hashBits === undefined ? 0 : omissionBound(states, hashBits),
    bytes: shards.reduce((sum, each) => sum + each.bytes, 0),
    shards,
  };
}

/** Throws a UsageError for findings with a law or an action that the machine has not: someone else wrote them. */
function refuseForeign(
  { counts, first, shortest }: Awaited<ReturnType<SearchTasks["findings"]>>,
  { laws, actions }: Visitable,
): void {
  const isOf = (numbers: readonly unknown[], ends: readonly number[]) =>
    numbers.every(
      (each, nth) => Number.isInteger(each) && Number(each) >= 0 && Number(each) < (ends[nth] ?? 2 ** 53),
    );
  const pair = (name: string) => name.split(":").map(Number);
  const isWhole =
    counts.every(([name, times]) => isOf([times, pair(name)[1] ?? 0], [2 ** 53, actions.length])) &&
    first.every(([law, length, action, from]) =>
      isOf([law, action, length, from], [laws.length, actions.length]),
    ) &&
    shortest.every(([name, length]) => isOf([...pair(name), length], [laws.length, actions.length]));
  if (!isWhole) throw new UsageError("--queue: the server has findings that are none of this machine");
}

/** Reads the states on the way to each violation into a table, by whose numbers the findings then name them. */
async function addPaths(
  known: SearchStates,
  machine: Visitable,
  reached: StateTable,
  findings: Findings,
  first: readonly (readonly [number, number, number, number])[],
  rounds: number,
): Promise<void> {
  const { words } = machine;
  const batch = emptyBatch(words, 1);
  const inOrder = [...first].sort(([, one, action], [, other, next]) => one - other || action - next);
  for (const [law, length, action, from] of inOrder) {
    const path = await pathTo(known, words, from, rounds);
    let number = -1;
    for (const state of path.reverse()) {
      batch.count = 0;
      batch.forms.set(state.form);
      push(batch, number, state.action, 0);
      reached.addAll(batch);
      number = reached.find(state.form);
    }
    findings.violated.push(law);
    findings.first[law] = { from: number, action, length };
  }
}

/** The states from this one back to the initial one. */
async function pathTo(known: SearchStates, words: number, from: number, rounds: number) {
  const path: { readonly form: Int32Array; readonly action: number }[] = [];
  for (let number = from; number >= 0; ) {
    const partition = number % PARTITIONS;
    const at = await known.placeOf(partition, Math.floor(number / PARTITIONS), rounds);
    const form = await known.forms(partition, at.round, words, at.place, at.place + 1);
    const { parent, action } = await known.origin(partition, at);
    path.push({ form, action });
    number = parent;
  }
  return path;
}
