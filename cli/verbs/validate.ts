/** `validate`: the logs of running kernels, judged by the laws that they show. */
import { join } from "node:path";
import { type NotPinned, type PinnedLog, pinLog } from "../../jobs/logs/pin-log.ts";
import { type ValidateOptions as Options, type ValidateReport, validate } from "../../jobs/logs/validate.ts";
import { replayLine } from "../../jobs/names.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { Area } from "../../properties/vmap/log/area.ts";
import { hexOfPage } from "../../properties/vmap/log/window.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { makeFolder, reportUnwritten, writeFiles } from "../files.ts";
import { commandLine, type JsonOption, print, watched } from "../output.ts";
import { logsText, logText } from "../show/log.ts";
import { counted } from "../show/text.ts";

export interface ValidateOptions extends Options, JsonOption {
  /** File the first violation of each law as a recording. */
  readonly pin?: boolean;
  /** The folder for plots. */
  readonly plots?: string;
}

export async function validateVerb(files: readonly string[], options: ValidateOptions): Promise<number> {
  const { json, vmallocinfo, release } = options;
  if (vmallocinfo !== undefined && files.length > 1)
    throw new UsageError("--vmallocinfo belongs to one log, and several are given");
  if (options.plots !== undefined && files.length > 1)
    throw new UsageError("--plots has the plots of one log, and several are given");
  if (options.plots !== undefined) await makeFolder({ option: "--plots", path: options.plots });
  const reports: ValidateReport[] = [];
  for (const file of files) {
    const report = await watched((watch) => validate(file, { vmallocinfo, release, ...watch }));
    reports.push(report);
    if (report.interrupted) break;
  }
  const [first] = reports;
  const written = options.plots === undefined || first === undefined ? [] : await plot(options.plots, first);
  const filed = new Map<ValidateReport, readonly (PinnedLog | NotPinned)[]>();
  if (options.pin)
    for (const report of reports) filed.set(report, await pinLog(report.file, report.violations));
  if (json)
    console.log(
      JSON.stringify({
        files: reports.map((report) => ({
          ...asJson(report),
          ...(options.pin && { pinned: filed.get(report) }),
        })),
      }),
    );
  else {
    if (reports.length > 1) print(`${logsText(reports)}\n`);
    for (const report of reports) {
      print(logText(report));
      for (const each of filed.get(report) ?? []) print(pinnedText(each));
    }
  }
  if (options.pin && !json && reports.every(({ violations }) => violations.length === 0))
    print("Nothing to pin: no law is violated. No file was written.");
  if (!json && written.length > 0) print(`plots: ${written.map(({ path }) => path).join(", ")}`);
  if (reportUnwritten(written)) return BAD_INPUT;
  if (reports.some(({ interrupted }) => interrupted)) return INTERRUPTED;
  const isExpected = reports.every(({ violated, mismatch }) => violated === 0 && mismatch === null);
  return isExpected ? AS_EXPECTED : UNEXPECTED;
}

/** echarts takes a while to load, and is not needed otherwise. */
async function plot(folder: string, report: ValidateReport) {
  const { logPlots } = await import("../show/log-plots.ts");
  return writeFiles(
    logPlots(report).map(({ name, svg }) => ({ option: "--plots", path: join(folder, name), text: svg })),
  );
}

function pinnedText(filed: PinnedLog | NotPinned): string {
  if ("why" in filed) return `${filed.law} in line ${filed.line} is not pinned: ${filed.why}`;
  return `pinned: ${filed.path}, ${filed.law} of line ${filed.line} in ${counted(filed.calls, "call")}\n${commandLine("replay", replayLine(filed.path))}`;
}

const extent = ({ start, end }: Extent) => [hexOfPage(start), hexOfPage(end)];

function areaJson(area: Area) {
  const { start, end, freed, name, caller, placed } = area;
  return {
    extent: extent({ start, end }),
    life: freed === undefined ? "busy" : "lazy",
    placed: placed.by?.line ?? null,
    freed: freed?.by?.line ?? freed?.from?.line ?? null,
    task: name,
    caller: caller ?? null,
  };
}

function asJson(report: ValidateReport) {
  const { violations, windows, holes, end, remaining: _areas, ...rest } = report;
  return {
    ...rest,
    violations: violations.map((each) => ({
      ...each,
      areas: each.areas.map(areaJson),
      around: each.around.map(areaJson),
      events: each.events.map(({ line, cpu, task, name }) => ({ line, cpu, task, name })),
    })),
    windows: windows.map(({ vstart, vend, largestHole, ...window }) => ({
      extent: extent({ start: vstart, end: vend }),
      ...window,
      largestHole: largestHole === undefined ? null : extent(largestHole),
    })),
    holes: holes.map(extent),
    end:
      end === null
        ? null
        : {
            ...end,
            onlySnapshot: end.onlySnapshot.map((each) => ({ ...each, ...extentJson(each) })),
            onlyLog: end.onlyLog.map((each) => ({ ...each, ...extentJson(each) })),
          },
  };
}

const extentJson = ({ start, end }: Extent) => ({ start: hexOfPage(start), end: hexOfPage(end) });
