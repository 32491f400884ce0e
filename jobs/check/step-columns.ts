/**
 * The laws that releases keep and violate when calls interleave: a column for each, from the protocols that describe
 * it.
 */

import type { InterleavedBug } from "../../counterexamples/interleaved.ts";
import { INTERLEAVED } from "../../counterexamples/interleavings.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import { lawsOf } from "../../engine/actions.ts";
import { bugsIn } from "../../kernels/versions.ts";
import { STEP_PROTOCOLS } from "../../protocols/index.ts";
import type { StepProtocol } from "../../protocols/protocol.ts";
import type { LawId } from "../../spec/contract.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import { familyOf, protocolsOf, whyNone } from "../interleaved-orders.ts";
import { replayLine } from "../names.ts";
import { shortName } from "../versions.ts";
import { type InterleavedReport, usualScope } from "./interleaved.ts";

export interface StepColumn {
  /** The version, as requested. */
  readonly name: string;
  readonly protocols: readonly string[];
  readonly cells: readonly StepCell[];
  /** Bugs that it has by the table of changes and that its protocols do not show, in lines. */
  readonly without: readonly string[];
}

export interface StepCell {
  /** A law, or a condition that has to end. */
  readonly law: string;
  /** Kept in every state of the usual scope, violated, or not violated in the visited states. */
  readonly verdict: "kept" | "broken" | "open";
  readonly breaks: readonly StepViolation[];
}

export interface StepViolation {
  /** Its id in the protocol, which may have one for each CPU. */
  readonly law: string;
  /** Its slug; null if the catalogue has no bug for it. */
  readonly bug: string | null;
  readonly protocol: string;
  readonly steps: number;
  /** For a run that never ends: the steps of its loop. */
  readonly loop: number | null;
  readonly replay: string | null;
}

/** The protocols that a check of these versions has to visit, or of these and a law. */
export function protocolsFor(names: readonly string[], law: LawId | undefined): readonly string[] {
  const own = new Set(names.flatMap((name) => ownProtocols(name)));
  return STEP_PROTOCOLS.filter((each) => own.has(each.name) && (law === undefined || asks(each, law))).map(
    ({ name }) => name,
  );
}

function asks(protocol: StepProtocol, law: LawId): boolean {
  return lawsOf(protocol.machine(usualScope(protocol))).some(({ id }) => id === law);
}

const ownProtocols = (name: string) => {
  const version = versionOf(name);
  return version === undefined ? [] : protocolsOf(version);
};

/** A column for each version that some protocol describes. */
export function stepColumns(
  names: readonly string[],
  report: InterleavedReport,
  law?: LawId,
): readonly StepColumn[] {
  return names
    .map((name) => columnOf(name, report, law))
    .map((each) => ({ ...each, cells: each.cells.filter((cell) => law === undefined || cell.law === law) }))
    .filter(({ protocols, without }) => protocols.length > 0 || without.length > 0);
}

function columnOf(
  name: string,
  { protocols: visited, pinned }: InterleavedReport,
  only: LawId | undefined,
): StepColumn {
  const protocols = ownProtocols(name);
  const cells = new Map<string, StepCell>();
  const add = (law: string, verdict: StepCell["verdict"], breaks: readonly StepViolation[]) => {
    const before = cells.get(law) ?? { law, verdict, breaks: [] };
    const worst = (["broken", "open", "kept"] as const).find((each) =>
      [verdict, before.verdict].includes(each),
    );
    cells.set(law, { law, verdict: worst ?? verdict, breaks: [...before.breaks, ...breaks] });
  };
  for (const protocol of protocols) {
    const runs = pinned.flatMap(({ bug, broken, on }) =>
      on.filter((each) => each.protocol === protocol).map((run) => ({ bug, law: broken.law, ...run })),
    );
    for (const { bug, law, steps, loop } of runs) {
      const replay = replayOf(name, bug.id, law);
      add(withoutCpu(law), "broken", [{ law, bug: bug.id, protocol, steps, loop: loop ?? null, replay }]);
    }
    const report = visited.find((each) => each.name === protocol);
    for (const { law, steps, bug = null } of report?.laws ?? []) {
      if (runs.some((run) => run.law === law)) continue;
      if (steps === undefined) add(law, report?.ended === "fixpoint" ? "kept" : "open", []);
      else add(law, "broken", [{ law, bug, protocol, steps, loop: null, replay: replayOf(name, bug, law) }]);
    }
  }
  const shown = [...cells.values()].flatMap(({ breaks }) => breaks.flatMap(({ bug }) => bug ?? []));
  return { name, protocols, cells: [...cells.values()], without: without(name, protocols, { shown, only }) };
}

/** The id without its CPU. */
const withoutCpu = (law: string) => law.replace(/(-on-cpu)?-\d+$/, "");

function replayOf(name: string, id: string | null, law: string): string | null {
  const bug = INTERLEAVED.find((each) => each.id === id);
  if (bug === undefined) return null;
  const grain = bugCalled(bug.id) === undefined ? "" : " --grain step";
  const isOne = new Set(bug.violations.map((each) => each.law)).size === 1;
  return replayLine(`${bug.id}${isOne ? "" : ` --law ${law}`}${grain} --kernel ${name}`);
}

/** Bugs of a law, or of any, that this version has by the table of changes and its protocols do not show, in lines. */
function without(
  name: string,
  protocols: readonly string[],
  { shown, only }: { readonly shown: readonly string[]; readonly only: LawId | undefined },
): readonly string[] {
  const version = versionOf(name);
  if (version === undefined) return [];
  const { has } = bugsIn(version);
  const isAsked = ({ violations }: InterleavedBug) =>
    only === undefined || violations.some(({ law }) => withoutCpu(law) === only);
  const missing = INTERLEAVED.filter(
    (bug) => has.includes(bug.id) && !shown.includes(bug.id) && isAsked(bug),
  );
  const families = new Set(
    missing.flatMap(({ violations }) => violations.flatMap((each) => familyOf(each.protocol) ?? [])),
  );
  const undescribed = [...families].filter((family) => !protocols.some((each) => familyOf(each) === family));
  const lines = undescribed.map((family) => whyNone(version, family));
  return [
    ...lines,
    ...missing.map(
      (each) => `${name} has ${shortName(each.id)} too, by its commits: ${whyUnseen(each, shown)}`,
    ),
  ];
}

/** What violates the same law in fewer steps is shown in its place. */
function whyUnseen({ violations }: InterleavedBug, shown: readonly string[]): string {
  const laws = violations.map(({ law }) => law);
  const sooner = INTERLEAVED.find(
    (each) => shown.includes(each.id) && each.violations.some(({ law }) => laws.includes(law)),
  );
  return sooner === undefined
    ? "no protocol above shows it"
    : `${shortName(sooner.id)} violates the same law in fewer steps, so that no run above shows it`;
}
