/** `campaign`: run a plan, work for the plans of a server, and report. */
import { readPlan } from "../../adapters/campaign-file.ts";
import { campaignSoFar, runCampaign, workForCampaigns } from "../../jobs/campaign/campaign.ts";
import { presetCalled } from "../../jobs/campaign/presets.ts";
import { isAsExpected, REPORT_FORMATS, type ReportFormat, reportText } from "../../jobs/campaign/report.ts";
import { campaignDocuments } from "../../jobs/page/campaign-document.ts";
import { orNearest, UsageError } from "../../jobs/usage-error.ts";
import { USUAL_SEED } from "../../jobs/work.ts";
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
import { complain, print, watched } from "../output.ts";
import { campaignText } from "../show/campaign.ts";
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
