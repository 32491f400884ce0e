/** `validate`: the logs of running kernels, judged by the laws that they show. */

import { UsageError } from "../../jobs/usage-error.ts";
import { type ValidateOptions as Options, type ValidateReport, validate } from "../../jobs/validate.ts";
import type { Area } from "../../properties/vmap/log/area.ts";
import { hexOfPage } from "../../properties/vmap/log/hex.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { type JsonOption, print, watched } from "../output.ts";
import { logText } from "../show/log.ts";

export type ValidateOptions = Options & JsonOption;

export async function validateVerb(files: readonly string[], options: ValidateOptions): Promise<number> {
  const { json, vmallocinfo, release } = options;
  if (vmallocinfo !== undefined && files.length > 1)
    throw new UsageError("--vmallocinfo belongs to one log, and several are given");
  const reports: ValidateReport[] = [];
  for (const file of files) {
    const report = await watched((watch) => validate(file, { vmallocinfo, release, ...watch }));
    reports.push(report);
    if (report.interrupted) break;
  }
  if (json) console.log(JSON.stringify({ files: reports.map(asJson) }));
  else for (const report of reports) print(logText(report));
  if (reports.some(({ interrupted }) => interrupted)) return INTERRUPTED;
  return reports.some(({ violated }) => violated > 0) ? UNEXPECTED : AS_EXPECTED;
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
