/** The result of an exploration, and its receipt: exactness, reductions, and bounds. */
import type { Explored, Visitable } from "../../engine/search/visitable.ts";
import type { Exploration } from "../../jobs/explore/explore.ts";
import { knownText } from "../../jobs/hunt-target.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { standsForText, takenText } from "../../jobs/versions.ts";
import { numbered } from "../../jobs/wings.ts";
import { isFollowed } from "../../spec/contract.ts";
import { FINGERPRINT_BITS } from "../../spec/fingerprint.ts";
import type { Wing } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { linesOf } from "./state.ts";

export function exploredJson({
  subject,
  instance: { machine },
  parameters,
  workers,
  resumed,
  result,
  reports,
}: Exploration) {
  const { states, edges, depth, verdict, ended, exact, omission, hashBits, reductions, deadlocks } = result;
  const { bytes, seconds } = result;
  const [first] = reports;
  return {
    machine: subject.name,
    scope: scopeText(parameters),
    states,
    edges,
    depth,
    verdict,
    law: first?.law ?? null,
    history: first?.history ?? null,
    exact,
    reductions,
    seconds,
    workers,
    resumed: resumed ?? null,
    ended,
    omission,
    hashBits: hashBits ?? null,
    laws: machine.laws.map(({ id }, law) => {
      const found = reports.find((each) => each.law === id);
      return {
        id,
        verdict: found === undefined ? (ended === "fixpoint" ? "kept" : "unbroken") : "broken",
        bug: found?.bug ?? null,
        listed: found?.listed ?? null,
        promised: found?.promised ?? null,
        commands: found === undefined ? null : found.history.length,
        history: found?.history ?? null,
        actions: Object.fromEntries(actionsThatViolate(machine, result, law)),
      };
    }),
    deadlocks,
    fired: Object.fromEntries(machine.actions.map((name, action) => [name, result.fired[action]])),
    witnesses: Object.fromEntries(result.witnesses),
    bytes,
    shards: result.shards ?? null,
  };
}

/** By the name of an action: commands of the shortest run that violates the law with it. */
function actionsThatViolate(machine: Visitable, { shortest }: Explored, law: number): [string, number][] {
  const lengths = shortest[law] as Uint16Array;
  return machine.actions
    .map((name, action): [string, number] => [name, lengths[action] as number])
    .filter(([, length]) => length > 0);
}

export function exploredText(found: Exploration, withActions: boolean): string {
  const { subject, reports, instance, fewerOrders, unseen, asked } = found;
  const { machine } = instance;
  const parts = [verdictLine(found), subjectText(found)];
  for (const report of reports) {
    const { law, history, bug, listed, promised } = report;
    const lines = linesOf(instance, report);
    const { says } = machine.laws.find(({ id }) => id === law) as { says: string };
    const { length } = history;
    const name = () =>
      instance.grain === "call"
        ? knownText(instance.wing, { known: bug, listed })
        : `known as ${numbered(bug as string)}`;
    const known = bug === undefined ? "" : `\n${name()}`;
    parts.push(
      `${promised ? pc.red(`${law} is violated`) : pc.yellow(`${subject.name} falls short of ${law}, which it does not promise,`)} in ${length}, ${fewerOrders ? "perhaps not shortest" : "shortest"}.\n${says}\n${lines.map((line) => `  ${line}`).join("\n")}${known}`,
    );
  }
  if (unseen !== undefined)
    parts.push(`${numbered(unseen)} did not show in this scope: hunt ${asked} searches for it`);
  if (withActions) parts.push(...tablesOfActions(found));
  parts.push(columns(receipt(found)));
  return parts.join("\n\n");
}

/** The subject that was explored, and its release. */
function subjectText({ subject, asked, isStoodFor, parameters }: Exploration): string {
  const { name, says } = subject;
  const standsFor = isStoodFor ? `${takenText(asked, name)}\n` : "";
  return `${standsFor}${pc.bold(name)} ${linesOfScope(scopeText(parameters), name.length + 1)}\n${says}`;
}

const WIDTH = 100;

/** A scope in lines that end with a comma, if it is longer than one. */
function linesOfScope(text: string, indent: number): string {
  const [lines, last] = text
    .split(",")
    .reduce<[string, string]>(
      ([done, line], each) =>
        indent + line.length + each.length + 2 > WIDTH
          ? [`${done}${line},\n${" ".repeat(indent)}`, each]
          : [done, line === "" ? each : `${line},${each}`],
      ["", ""],
    );
  return lines + last;
}

const VERDICTS = {
  holds: "Holds",
  broken: "Violated",
  bounded: "No violation so far",
} as const;

/** Subject, laws, violations, states and time in one line. */
function verdictLine({
  subject,
  asked,
  isStoodFor,
  instance: { machine },
  result,
  reports,
}: Exploration): string {
  const { verdict, states, seconds } = result;
  const known = reports.filter(({ bug, promised }) => promised && bug !== undefined).length;
  const short = reports.filter(({ promised }) => !promised).length;
  const unknown = reports.length - known - short;
  const onlyShort = verdict === "broken" && known + unknown === 0;
  const colour = unknown > 0 ? pc.red : verdict === "bounded" ? pc.yellow : pc.green;
  return `${colour(onlyShort ? "Falls short" : VERDICTS[verdict])}: ${[
    isStoodFor ? standsForText(asked, subject.name) : subject.name,
    `${machine.laws.length} laws`,
    `${known} violation${known === 1 ? "" : "s"} known`,
    `${unknown} unknown`,
    ...(short > 0 ? [`${short} not promised`] : []),
    `${states} states`,
    `${seconds.toFixed(1)} s`,
  ].join(", ")}`;
}

function tablesOfActions({ instance: { machine }, result, reports }: Exploration): string[] {
  return reports.map(({ law }) => {
    const index = machine.laws.findIndex(({ id }) => id === law);
    const rows = actionsThatViolate(machine, result, index).map(([name, length]) => [
      `  ${name}`,
      `in ${length}`,
    ]);
    return `${pc.bold(`Actions that violate ${law}, and in how many steps at least`)}\n${columns(rows)}`;
  });
}

/** More names than these are counted, not listed. */
const MOST_NAMES = 12;

function namesOrCount(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, MOST_NAMES).join("; ");
  return names.length > MOST_NAMES ? `${shown}; and ${names.length - MOST_NAMES} more` : shown;
}

export const ENDED: Readonly<Record<Explored["ended"], string>> = {
  fixpoint: "at the fixpoint",
  break: "at a violation",
  states: "at the bound of states",
  time: "at the bound of time",
  memory: "at the bound of memory",
  request: "by an interrupt",
};

function endedText(ended: Explored["ended"]): string {
  if (ended === "fixpoint") return `${ENDED[ended]}: nothing is left to visit`;
  return `${ENDED[ended]}: what lies beyond is not known`;
}

/** Where the search of a kernel stops (properties/explorable.ts). */
function notFollowed({ laws }: Wing): string {
  const followed = laws.filter((law) => isFollowed(law, "explored")).map(({ id }) => id);
  if (followed.length === laws.length) return "nothing";
  const but = followed.length === 0 ? "" : ` but ${followed.join(", ")}`;
  return `what comes after a violation of any law${but}`;
}

function receipt({ instance, workers, resumed, searchedAgain, result, reports }: Exploration): string[][] {
  const { states, edges, depth, verdict, ended, exact, deadlocks, witnesses, bytes, seconds, shards } =
    result;
  const { machine } = instance;
  const kept = machine.laws.map(({ id }) => id).filter((id) => !reports.some(({ law }) => law === id));
  const never = neverFired(machine, result);
  const unseen = [...witnesses].filter(([, times]) => times === 0).map(([id]) => id);
  const keptText = ended === "fixpoint" ? "kept" : "not violated";
  return [
    [
      "verdict",
      verdict === "holds"
        ? pc.green(`holds, in every state ${exact ? "there is" : "found"}`)
        : verdict === "broken"
          ? "violated"
          : verdict,
    ],
    [keptText, kept.join(", ")],
    ...(reports.length > 0 && instance.grain === "call"
      ? [["not followed", notFollowed(instance.wing)]]
      : []),
    ["states", String(states)],
    ["edges", String(edges)],
    ["depth", String(depth)],
    [
      "deadlocks",
      deadlocks === 0 ? "0" : `${deadlocks} states with no action left, as at a bound of the scope`,
    ],
    ["never fired", namesOrCount(never)],
    ...(witnesses.size > 0 ? [["never seen", namesOrCount(unseen)]] : []),
    ["method", methodOf(result, workers)],
    ...(resumed === undefined ? [] : [["resumed", `with ${resumed} states of a search that was saved`]]),
    ...mergedRows(result.reductions),
    ...(searchedAgain
      ? [["searched", "first in fewer orders, then in all for a shortest run: this is the second"]]
      : []),
    ["ended", endedText(ended)],
    ["memory", `${(bytes / states).toFixed(1)} bytes a state`],
    ...(shards ?? []).map(({ server, states, bytes }, nth) => [
      nth === 0 ? "servers" : "",
      `${server}: ${states} states, ${(bytes / 2 ** 20).toFixed(1)} MB`,
    ]),
    ["seconds", seconds.toFixed(2)],
  ].map(([name, value]) => [name as string, value as string]);
}

/**
 * The actions that never fired, each name once. If CPUs are merged, an action that fired on any CPU counts for all:
 * their numbering has no meaning.
 */
function neverFired({ actions }: Visitable, { fired, reductions }: Explored): readonly string[] {
  const isMerged = reductions.some((reduction) => reduction.startsWith("symmetry of CPUs"));
  const nameOf = (name: string) => (isMerged ? name.replace(/^CPU \d+, /, "") : name);
  const names = new Map<string, boolean>();
  for (const [action, name] of actions.entries()) {
    names.set(nameOf(name), (names.get(nameOf(name)) ?? false) || fired[action] !== 0);
  }
  return [...names].filter(([, has]) => !has).map(([name]) => name);
}

function methodOf({ exact, hashBits, omission, states, shards }: Explored, workers: number): string {
  const threads = workers === 1 ? "" : ` by ${workers} threads`;
  const how = `breadth first${shards === undefined ? threads : ` by workers over ${shards.length === 1 ? "a server" : "servers"}`}`;
  if (exact) return `exact, ${how}`;
  const by = hashBits === FINGERPRINT_BITS ? `a fingerprint of ${hashBits} bits` : `${hashBits} bits of hash`;
  return `${by} a state, ${how}: that any of ${states} was left out is no likelier than ${omission.toExponential(1)}`;
}

function mergedRows(reductions: readonly string[]): string[][] {
  if (reductions.length === 0) return [["merged", "nothing"]];
  return reductions.map((reduction, nth) => [nth === 0 ? "merged" : "", reduction]);
}
