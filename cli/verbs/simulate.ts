/** `simulate`: what laziness costs and saves, as tables, JSON, CSV or a picture. */
import { partsNamed, type SimulateReport, simulate } from "../../jobs/simulate.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED } from "../exit.ts";
import {
  filesNamed,
  type Product,
  refuseSameFile,
  refuseUnwritable,
  reportUnwritten,
  writeFiles,
} from "../files.ts";
import { type JsonOption, print, watched } from "../output.ts";
import { csvOf, simulatedText } from "../show/simulated.ts";

export interface SimulateArguments extends JsonOption {
  readonly costs?: string;
  readonly cpus?: number;
  readonly csv: boolean;
  readonly plot?: string;
  readonly seed: number;
}

export async function simulateVerb(parts: readonly string[], options: SimulateArguments): Promise<number> {
  const { costs, cpus, seed, plot } = options;
  if (cpus !== undefined && !partsNamed(parts).includes("growth"))
    throw new UsageError("--cpus is for growth");
  const files = filesNamed({ "--plot": plot });
  await refuseUnwritable(files);
  await refuseSameFile([...files, ...filesNamed({ "--costs": costs })]);
  const report = await watched((watch) => simulate({ parts, costs, cpus, seed, ...watch }));
  if (options.json) console.log(JSON.stringify(report));
  else if (options.csv) console.log(csvOf(report));
  else print(simulatedText(report));
  const products: Product[] = [];
  for (const file of files) products.push({ ...file, ...(await pictureOf(report)) });
  if (reportUnwritten(await writeFiles(products))) return BAD_INPUT;
  return report.interrupted ? INTERRUPTED : AS_EXPECTED;
}

async function pictureOf(report: SimulateReport) {
  if (report.interrupted) return { lack: "the simulation was interrupted" };
  const { costPlot } = await import("../../jobs/cost-plot.ts");
  return { text: costPlot(report) };
}
