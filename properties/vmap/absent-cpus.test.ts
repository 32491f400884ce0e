/** Nothing runs on a CPU that is not possible, however commands are made. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatHistory, historyIn } from "../../adapters/vmap/history-file.ts";
import { kernelCalled } from "../../kernels/vmap/index.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { lockstep } from "../diff/lockstep.ts";
import { runChoices } from "../run-choices.ts";
import { choices } from "./choices.ts";
import { COMPARISON } from "./comparison.ts";
import { scopeCalled } from "./random-scopes.ts";
import { benchFor } from "./test-bench.ts";
import { commandsOf } from "./workload.ts";

const GAP = scopeCalled("gap") as Scope;
const kernel = kernelCalled("6.12") as Kernel<State>;
const newer = kernelCalled("6.19") as Kernel<State>;

/** The CPUs that these run on. */
function cpusOf(commands: Iterable<Command | HistoryStep>): readonly number[] {
  const named = [...commands].flatMap((command) => ("cpu" in command ? [command.cpu as number] : []));
  return [...new Set(named)].sort();
}

describe("with CPUs 0 and 2, nothing runs on CPU 1", () => {
  test("With CPUs 0 and 2 no drawn command runs on CPU 1, and some run on both others", () => {
    const drawn = fc.sample(choices(GAP, { longest: 40 }), { seed: 2, numRuns: 100 });
    const played = drawn.map((each) =>
      runChoices(benchFor(kernel, GAP), each, { violated: () => "continue" }),
    );
    expect(cpusOf(played.flatMap(({ history }) => history))).toEqual([0, 2]);
  });

  test("With CPUs 0 and 2 no explored command runs on CPU 1, on one kernel or on two", () => {
    const calls = ["alloc", "map", "touch", "write"] as const;
    expect(cpusOf(commandsOf(GAP, calls))).toEqual([0, 2]);
    expect(cpusOf(lockstep(COMPARISON, kernel, newer, { scope: GAP, calls }).commands)).toEqual([0, 2]);
  });

  test("With CPUs 0 and 2 the specification enables no command on CPU 1", () => {
    const map = { op: "mapRam", cpu: 2, count: 1 } as const;
    const response = kernel.act(kernel.initial(GAP), map);
    const spec = vmapSpec(kernel.release);
    const world = spec.after(spec.initial(GAP), map, response) as ImmutableWorld;
    expect(cpusOf(spec.enabled(world, GAP))).toEqual([0, 2]);
  });
});

test("A history file keeps the CPU numbers that are left out", () => {
  const commands = [{ op: "mapRam", cpu: 2, count: 1 }] as const;
  const text = formatHistory({ kernel: "6.4", law: "argument-domain", scope: GAP, commands });
  expect(historyIn("a file", JSON.parse(text)).scope.absentCpus).toEqual([1]);
});
