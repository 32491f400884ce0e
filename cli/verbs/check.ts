/** `check`: every kernel against every law it promises. The main job. */
import { type CheckReport, check, unexpected, violations } from "../../jobs/check/check.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { print, watched } from "../output.ts";
import { checkedText } from "../show/checked.ts";
import { contextJson } from "../show/contexts.ts";
import { exploredJson } from "../show/coverage.ts";
import { interleavedJson } from "../show/interleaved.ts";

export interface CheckArguments {
  readonly seed: number;
  readonly runs?: number;
  readonly law?: string;
  /** The directory of a kernel tree, and the release whose promises it is judged by. */
  readonly tree?: string;
  readonly as?: string;
  readonly details: boolean;
  readonly coverage: boolean;
  readonly json: boolean;
}

export async function checkVerb(names: readonly string[], options: CheckArguments): Promise<number> {
  const { coverage, json, runs, seed, law, tree: directory, as } = options;
  if (directory === undefined && as !== undefined) throw new UsageError("--as is for --tree");
  const tree = directory === undefined ? undefined : { directory, as };
  const how = { kernels: names, tree, runs, seed, law, keepsFailures: true };
  const counting = coverage ? "compared" : json ? "counted" : undefined;
  const found = await watched((watch) => check({ ...how, coverage: counting, ...watch }));
  if (json) console.log(JSON.stringify(asJson(found)));
  else print(checkedText(found, options));
  if (!found.complete) return INTERRUPTED;
  return unexpected(found) > 0 ? UNEXPECTED : AS_EXPECTED;
}

function asJson(found: CheckReport) {
  const { reports, facts, trees, contexts, steps, interleaved, runs, seed, seconds, complete } = found;
  const kernels = reports.map(
    ({ wing, kernel, cells, histories, commands, seen, unmet, explored, gone }) => ({
      label: kernel.name,
      labels: kernel.release.labels,
      like: kernel.release.like ?? null,
      wing: wing.name,
      gone,
      laws: cells.map(({ law: id, ...rest }) => ({ id, ...rest })),
      histories,
      commands,
      witnesses: Object.fromEntries([...seen].sort()),
      unmet,
      explored: explored === undefined ? null : exploredJson(explored),
    }),
  );
  return {
    kernels,
    versions: facts,
    trees,
    contexts: contexts.map(({ callers, ...rest }) => ({
      ...rest,
      callers: callers.map(({ context, mask }) => ({ context, mask: mask.name })),
      violations: rest.violations.map(contextJson),
    })),
    interleaved: interleaved.map(({ cells, ...rest }) => ({
      ...rest,
      laws: cells.map(({ law: id, ...cell }) => ({ id, ...cell })),
    })),
    interleavings: steps === undefined ? null : interleavedJson(steps),
    violations: violations(found),
    unexpected: unexpected(found),
    surprises: reports.flatMap(({ wing: { files }, surprises }) =>
      surprises.map((each) => ({
        ...each,
        history: each.history?.map((step) => files.asWritten(step)) ?? null,
      })),
    ),
    runs,
    seed,
    seconds,
    complete,
  };
}
