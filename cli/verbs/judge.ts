/** `judge`: a recording as a plain history against the laws; none of our kernels is run. */
import {
  type Accusation,
  isUnknown,
  type JudgedFile,
  type JudgeReport,
  judge,
  type JudgeOptions as Options,
} from "../../jobs/judge.ts";
import { bugOf } from "../../jobs/wings.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { columns, type JsonOption, print, watched } from "../output.ts";
import { drawingOf } from "../show/drawings.ts";
import { counted } from "../show/text.ts";

export type JudgeOptions = Options & JsonOption;

export async function judgeVerb(files: readonly string[], { json, law, as }: JudgeOptions): Promise<number> {
  const report = await watched((watch) => judge(files, { law, as, ...watch }));
  if (json) console.log(JSON.stringify({ files: report.files.map(asJson) }));
  else print(reportText(report));
  if (report.interrupted) return INTERRUPTED;
  return report.files.some(({ broken }) => broken.some(isUnknown)) ? UNEXPECTED : AS_EXPECTED;
}

function asJson({ wing: _of, labels, by, promises, unseen, ...rest }: JudgedFile) {
  return {
    ...rest,
    label: [...labels].join(", "),
    by: by.size === 0 ? null : [...by].join("; "),
    promises: [...promises],
    notJudged: [...unseen],
  };
}

/** The verdict on all recordings in one line, then each. */
function reportText({ files: all, seconds, interrupted }: JudgeReport): string {
  const broken = all.flatMap((each) => each.broken);
  const unknown = broken.filter(isUnknown).length;
  const short = broken.filter(({ promised }) => !promised).length;
  const traces = all.reduce((sum, each) => sum + each.traces, 0);
  const known = broken.length - unknown - short;
  const facts = [
    `${all.length} recording${all.length === 1 ? "" : "s"}`,
    `${traces} trace${traces === 1 ? "" : "s"}`,
    `${all.reduce((sum, each) => sum + each.accepted, 0)} accepted`,
    `${known} violation${known === 1 ? "" : "s"} known`,
    `${unknown} unknown`,
    ...(short > 0 ? [`${short} not promised`] : []),
    `${seconds.toFixed(1)} s`,
  ];
  const verdict = unknown > 0 ? pc.red("Unknown violations") : pc.green("Nothing unexpected");
  const until = interrupted ? " so far" : "";
  return [`${verdict}${until}: ${facts.join(", ")}`, ...all.map(textOf)].join("\n\n");
}

function textOf(judged: JudgedFile): string {
  const { file, labels, traces, accepted, replies, consequences, broken } = judged;
  const { consequencesOf } = drawingOf(judged.wing);
  const lines = [`${pc.bold(file)}  ${[...labels].join(", ")}`];
  if (judged.by.size > 0) {
    lines.push(`  judged by ${[...judged.by].join("; ")}`, `  asked: ${[...judged.promises].join(", ")}`);
  }
  if (judged.unseen.size > 0)
    lines.push(pc.dim(`  not judged, as no call or field here shows them: ${[...judged.unseen].join(", ")}`));
  lines.push(
    `  ${counted(replies, "reply")} in ${counted(traces, "trace")}: ${accepted} accepted, ${traces - accepted} with violations`,
  );
  if (judged.notPromised)
    lines.push(
      pc.yellow("  this release does not promise that law: where it violates it, it falls short of it"),
    );
  const kinds = new Map<string, Accusation[]>();
  for (const each of broken) {
    const kind = `${each.law} ${each.bug}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), each]);
  }
  const rows = [...kinds.values()].map((same) => {
    const { law, bug, promised, trace, command } = same[0] as Accusation;
    const number = bug === null ? undefined : bugOf(judged.wing, bug)?.number;
    const name =
      bug === null
        ? (promised ? pc.red : pc.dim)("not known to the catalogue")
        : `${bug}${number === undefined ? "" : ` (${number})`}`;
    const inTraces = new Set(same.map((each) => each.trace)).size;
    return [
      `  ${law}`,
      String(same.length),
      `in ${inTraces} trace${inTraces === 1 ? "" : "s"}`,
      name,
      pc.dim(`line ${trace}, command ${command + 1}`),
    ];
  });
  if (rows.length > 0) lines.push(columns(rows));
  if (consequences > 0)
    lines.push(
      pc.dim(`  ${consequences} more violations follow from ${consequencesOf}, and are not counted`),
    );
  return lines.join("\n");
}
