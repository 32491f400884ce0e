/** A campaign as text: the verdict, then what was not as expected, then each kind of task. */

import { oneLine } from "../../adapters/input-error.ts";
import { type CampaignReport, isAsExpected } from "../../jobs/campaign/report.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { share } from "./swarm.ts";

export function campaignText(report: CampaignReport): string {
  const { name, seed, jobs, open, totals, histories, states } = report;
  const odd = totals.unexpected + totals.refused + totals["set aside"];
  const word =
    odd > 0
      ? pc.red("Not as expected")
      : open.length > 0
        ? pc.yellow("Not finished")
        : pc.green("As expected");
  const facts = [
    `campaign ${name}`,
    `${jobs.length} of ${jobs.length + open.length} tasks`,
    ...(["unexpected", "refused", "set aside"] as const).flatMap((outcome) =>
      totals[outcome] > 0 ? [`${totals[outcome]} ${outcome}`] : [],
    ),
    `${histories} random histories`,
    `${states} states`,
    `seed ${seed}`,
  ];
  const parts = [`${word}: ${facts.join(", ")}`];
  if (odd > 0) parts.push(columns(jobs.filter(({ outcome }) => outcome !== "as expected").map(row)));
  parts.push(columns(jobs.filter(({ outcome }) => outcome === "as expected").map(row)));
  for (const { of, searches, found, estimate } of report.coverage)
    parts.push(
      `${oneLine(of)}: ${searches} searches found about ${found} states, ${share(found, estimate)} of at least ${estimate}, as estimated`,
    );
  if (!isAsExpected(report))
    parts.push(`campaign report ${name}: all of it, with each history, for other tools`);
  return parts.filter((part) => part !== "").join("\n\n");
}

const row = ({ id, outcome, says, seconds }: CampaignReport["jobs"][number]): string[] => [
  outcome === "as expected" ? "ok" : pc.red(outcome),
  oneLine(id),
  oneLine(says),
  `${seconds.toFixed(1)} s`,
];
