/** Verdicts at the step grain: what each order of each release keeps and breaks, and the pinned interleavings. */
import type { InterleavedReport, PinnedReport, ProtocolReport } from "../check-interleaved.ts";
import { pc } from "../colour.ts";
import { replayLine } from "../names.ts";
import { columns } from "../output.ts";
import { scopeText } from "../parameters.ts";

export function interleavedText({ protocols, pinned, surprises }: InterleavedReport): string {
  const parts: string[] = [];
  if (protocols.length > 0) {
    const head = ["protocol", "scope", "states", "breaks, and in how many steps"].map((word) => pc.dim(word));
    parts.push(
      `${pc.bold("At the step grain, every interleaving")}\n${columns([head, ...protocols.map(protocolRow)])}`,
    );
  }
  if (protocols.some(({ ended }) => ended !== "fixpoint")) {
    parts.push(pc.dim("+  larger: visited so far, and what the catalogue knows of it was met before"));
  }
  if (pinned.length > 0) {
    parts.push(
      `${pc.bold("Pinned interleavings, and the orders that mend them")}\n${columns(pinned.map(pinnedRow))}`,
    );
  }
  parts.push(...surprises.map((line) => `${pc.red("unexpected")}  ${line}`));
  return parts.join("\n\n");
}

function protocolRow({ name, scope, states, ended, laws }: ProtocolReport): string[] {
  const broken = laws.filter(({ steps }) => steps !== undefined);
  const all = ended === "fixpoint" ? String(states) : `${states}+`;
  const verdict =
    broken.length === 0
      ? pc.green(`nothing, of ${laws.map(({ law }) => law).join(", ")}`)
      : broken
          .map(
            ({ law, steps, bug }) =>
              `${law} in ${steps}${bug === undefined ? pc.red(" unknown") : ` (${bug})`}`,
          )
          .join("\n");
  return [name, scopeText(scope), all, verdict];
}

function pinnedRow({ bug, broken, steps, loop, confirmed, kept, states }: PinnedReport): string[] {
  const length = loop === undefined ? `in ${steps}` : `in ${steps}, then ${loop} for ever`;
  return [
    bug.number ?? "*",
    bug.id,
    broken.law,
    broken.protocol,
    confirmed ? length : pc.red("not confirmed"),
    `${broken.repaired} ${kept ? `keeps it in all ${states} states` : pc.red("does not keep it")}`,
    pc.dim(replayLine(`${bug.id} --grain step`)),
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
