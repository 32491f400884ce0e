/** `diff`: the shortest history on which two kernels answer differently; with --all, each release and the next. */
import {
  type DiffReport,
  diff,
  diffAll,
  fileOf,
  type DiffOptions as Options,
  refusePair,
} from "../../jobs/diff.ts";
import { replayLine } from "../../jobs/names.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED } from "../exit.ts";
import { filesNamed, type Product, refuseUnwritable, reportUnwritten, writeFiles } from "../files.ts";
import { commandLine, type JsonOption, print, watched } from "../output.ts";
import { differingJson, differingText, pairsJson, tableOfPairs } from "../show/differing.ts";

export type DiffOptions = Options & JsonOption & { readonly all: boolean; readonly out?: string };

export async function diffVerb(names: readonly string[], options: DiffOptions): Promise<number> {
  if (options.all) return diffAllVerb(names, options);
  const { out, json } = options;
  const [one, other, ...more] = names;
  if (one === undefined || other === undefined || more.length > 0)
    throw new UsageError("diff takes two kernels, or --all");
  await refusePair(one, other, options);
  await refuseUnwritable(filesNamed({ "--out": out }));
  const found = await watched((watch) => diff(one, other, { ...options, ...watch }));
  if (json) console.log(JSON.stringify(differingJson(found)));
  else print(differingText(found));
  if (out !== undefined) {
    if (reportUnwritten(await writeFiles([historyOf(out, found)])))
      return found.interrupted ? INTERRUPTED : BAD_INPUT;
    const on = (kernel: string) => commandLine("replay", replayLine(`${out} --kernel ${kernel}`));
    if (!json) print(`\n${[one, other].map(on).join("\n")}`);
  }
  return found.interrupted ? INTERRUPTED : AS_EXPECTED;
}

async function diffAllVerb(names: readonly string[], options: DiffOptions): Promise<number> {
  if (names.length > 0) throw new UsageError("diff --all takes no kernels");
  if (options.out !== undefined) throw new UsageError("--out is for one pair");
  const found = await watched((watch) => diffAll({ ...options, ...watch }));
  if (options.json) console.log(JSON.stringify(pairsJson(found)));
  else print(tableOfPairs(found));
  return found.interrupted ? INTERRUPTED : AS_EXPECTED;
}

function historyOf(path: string, report: DiffReport): Product {
  const text = fileOf(report);
  return text === undefined
    ? { option: "--out", path, lack: "no difference was found" }
    : { option: "--out", path, text };
}
