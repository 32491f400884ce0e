/**
 * Verdicts at the step grain: the laws that each order of each release keeps and violates, and the pinned
 * interleavings.
 */

import { interleavedCalled } from "../../counterexamples/interleavings.ts";
import type { InterleavedReport, PinnedReport, ProtocolReport } from "../../jobs/check/interleaved.ts";
import { replayLine, toolLine } from "../../jobs/names.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";

/** One line: how many orders were visited, and how many pinned runs taken again. */
export function interleavedSummary({ protocols, pinned }: InterleavedReport): string {
  const violating = protocols.filter(({ laws }) => laws.some(({ steps }) => steps !== undefined)).length;
  const confirmed = pinned.filter((each) => each.confirmed && each.kept).length;
  return `When calls interleave: ${violating} of ${protocols.length} protocols violate a law; ${confirmed} of ${pinned.length} pinned runs are confirmed`;
}

export function interleavedText({ protocols, pinned }: InterleavedReport): string {
  const parts: string[] = [];
  if (protocols.length > 0) {
    const head = ["", "states", "violates, in how many steps"].map((word) => pc.dim(word));
    parts.push(
      `${pc.bold("At the step grain, every interleaving")}\n${columns([head, ...protocols.flatMap(protocolRows)])}`,
    );
  }
  if (protocols.some(({ ended }) => ended !== "fixpoint")) {
    parts.push(pc.dim("+  larger: visited so far; its known violations were found before"));
  }
  if (pinned.length > 0) {
    parts.push(
      `${pc.bold("Pinned interleavings, and an order without the bug")}\n${columns(pinned.map(pinnedRow))}`,
      `Each is replayed by:  ${toolLine("replay BUG --law LAW --grain step")}`,
    );
  }
  return parts.join("\n\n");
}

/** The scope, if it differs from the protocol before; then its violations. */
function protocolRows(
  { name, scope, states, ended, laws }: ProtocolReport,
  nth: number,
  all: readonly ProtocolReport[],
): string[][] {
  const violated = laws.filter(({ steps }) => steps !== undefined);
  const numberOf = (bug: string) => interleavedCalled(bug)?.number ?? bug;
  const texts = violated.map(
    ({ law, steps, bug }) =>
      `${law} in ${steps}${bug === undefined ? pc.red(" unknown") : ` (${numberOf(bug)})`}`,
  );
  const before = all[nth - 1];
  const isOther = before === undefined || scopeText(before.scope) !== scopeText(scope);
  return [
    ...(isOther ? [[pc.dim(`in ${scopeText(scope)}`), "", ""]] : []),
    [
      name,
      ended === "fixpoint" ? String(states) : `${states}+`,
      violated.length === 0 ? pc.green("nothing") : texts.join("\n"),
    ],
  ];
}

function pinnedRow({ bug, broken, steps, loop, confirmed, kept, states }: PinnedReport): string[] {
  const length = loop === undefined ? `in ${steps}` : `in ${steps}, then ${loop} for ever`;
  return [
    bug.number ?? "*",
    [
      `${bug.id}  ${broken.law}`,
      `  ${broken.protocol} ${confirmed ? length : pc.red("not confirmed")}`,
      `  ${broken.repaired} ${kept ? `keeps it in all ${states} states` : pc.red("does not keep it")}`,
    ].join("\n"),
  ];
}

export function interleavedJson({ protocols, pinned, surprises }: InterleavedReport) {
  return {
    protocols: protocols.map(({ laws, ...rest }) => ({
      ...rest,
      laws: laws.map(({ law: id, steps, bug }) => ({
        id,
        verdict: steps === undefined ? "kept" : "broken",
        bug: bug ?? null,
        commands: steps ?? null,
      })),
    })),
    bugs: pinned.map(({ bug, broken, steps, loop, confirmed, kept, states }) => ({
      id: bug.id,
      number: bug.number ?? null,
      law: broken.law,
      protocol: broken.protocol,
      scope: broken.scope,
      verdict: confirmed ? "broken" : "not-confirmed",
      commands: steps,
      loop: loop ?? null,
      repaired: broken.repaired,
      kept,
      states,
      replay: replayLine(`${bug.id} --grain step`),
    })),
    surprises,
  };
}
