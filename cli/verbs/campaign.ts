/** `campaign`: run a plan, work for the plans of a server, and report. */
import { readPlan } from "../../adapters/campaign-file.ts";
import { oneLine } from "../../adapters/input-error.ts";
import { campaignSoFar, runCampaign, workForCampaigns } from "../../jobs/campaign/campaign.ts";
import { presetCalled } from "../../jobs/campaign/presets.ts";
import {
  type CampaignReport,
  isAsExpected,
  REPORT_FORMATS,
  type ReportFormat,
  reportText,
} from "../../jobs/campaign/report.ts";
import { campaignDocuments } from "../../jobs/page/campaign-document.ts";
import { orNearest, UsageError } from "../../jobs/usage-error.ts";
import { USUAL_SEED } from "../../jobs/work.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import {
  filesNamed,
  type Named,
  refuseSameFile,
  refuseUnwritable,
  reportUnwritten,
  writeFiles,
  writtenText,
} from "../files.ts";
import { columns, complain, print, watched } from "../output.ts";
import { share } from "../show/searched.ts";
import { pageAssets } from "../view/assets.ts";
import { reportText as pageText } from "../view/report.ts";

export interface CampaignRunOptions {
  readonly preset?: string;
  readonly queue?: string;
  readonly workers?: number;
  readonly taskSeconds?: number;
  readonly resume: boolean;
  readonly seed?: number;
  readonly json: boolean;
}

export async function campaignRunVerb(
  file: string | undefined,
  options: CampaignRunOptions,
): Promise<number> {
  const { preset, seed, json, ...how } = options;
  if ((file === undefined) === (preset === undefined))
    throw new UsageError("campaign run takes a plan, PLAN.json, or --preset smoke or nightly");
  const plan =
    preset === undefined ? await readPlan(file as string) : await presetCalled(preset, seed ?? USUAL_SEED);
  const planned = seed === undefined ? plan : { ...plan, seed };
  const report = await watched((watch) => runCampaign(planned, { ...how, ...watch }));
  if (json) console.log(JSON.stringify(report));
  else print(campaignText(report));
  if (report.open.length > 0) return INTERRUPTED;
  return isAsExpected(report) ? AS_EXPECTED : UNEXPECTED;
}

export interface CampaignWorkerOptions {
  readonly queue?: string;
  readonly workers?: number;
  readonly taskSeconds?: number;
  readonly untilEmpty: boolean;
  readonly json: boolean;
}

export async function campaignWorkerVerb(_none: undefined, options: CampaignWorkerOptions): Promise<number> {
  const { queue, json, ...how } = options;
  if (queue === undefined)
    throw new UsageError("campaign worker takes --queue, the server that it works for");
  const done = await watched((watch) => workForCampaigns(queue, { ...how, ...watch }));
  if (json) console.log(JSON.stringify({ done }));
  else print(`${done} tasks done`);
  return AS_EXPECTED;
}

export interface CampaignReportOptions {
  readonly queue?: string;
  readonly format: string;
  readonly out?: string;
  readonly html?: string;
  readonly json: boolean;
}

export async function campaignStatusVerb(
  name: string,
  { queue, json }: Pick<CampaignReportOptions, "queue" | "json">,
): Promise<number> {
  const report = await campaignSoFar(name, queue);
  if (json) console.log(JSON.stringify(report));
  else print(campaignText(report));
  return AS_EXPECTED;
}

export async function campaignReportVerb(name: string, options: CampaignReportOptions): Promise<number> {
  const { queue, out, html, json } = options;
  const find = (word: string) => REPORT_FORMATS.find((each) => each === word);
  const format: ReportFormat = json ? "json" : orNearest("format", options.format, find, REPORT_FORMATS);
  const named = filesNamed({ "--out": out, "--html": html });
  await refuseUnwritable(named);
  await refuseSameFile(named);
  const report = await campaignSoFar(name, queue);
  const page = async () => pageText(await pageAssets(), await campaignDocuments(report));
  const texts = { "--out": () => reportText(report, format), "--html": page };
  const products: (Named & { readonly text: string })[] = [];
  for (const { option, path } of named)
    products.push({ option, path, text: await texts[option as keyof typeof texts]() });
  if (out === undefined || json) process.stdout.write(reportText(report, format));
  const written = await writeFiles(products);
  for (const [nth, each] of written.entries())
    if (each.why === undefined) complain(writtenText(each, Buffer.byteLength(products[nth]?.text ?? "")));
  if (reportUnwritten(written)) return BAD_INPUT;
  return isAsExpected(report) ? AS_EXPECTED : UNEXPECTED;
}

// A campaign as text: the verdict, then what was not as expected, then each kind of task.

function campaignText(report: CampaignReport): string {
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
