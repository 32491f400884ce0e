/** The judge's beliefs about the pools, compared with the pools of the kernels that it judges. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { quickly } from "../../engine/bounds.testing.ts";
import { replay } from "../../engine/run/stepper.ts";
import { kernelNamed } from "../../jobs/names.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { runChoices } from "../run-choices.ts";
import { choices } from "./choices.ts";
import { scopeCalled } from "./random-scopes.ts";
import { benchFor, type JudgedStep } from "./test-bench.ts";

const pools = scopeCalled("pools") as Scope;
/** Six pages, in which pools and searches get in each other's way all the time. */
const crowded: Scope = {
  ...pools,
  name: "crowded",
  lazyMaxPages: 1,
  vmalloc: { vstart: 64, vend: 70 },
  sizes: [1, 1, 2],
  aligns: [PAGE_SIZE, 2 * PAGE_SIZE],
  windows: [{ vstart: 64, vend: 70 }],
};

interface Pooled {
  readonly node: number;
  readonly start: number;
  readonly end: number;
}

const listOf = ({ node, start, end }: Pooled) => `node ${node}, ${end - start} pages`;
const startsOf = (all: readonly Pooled[], list: string) =>
  all.filter((each) => listOf(each) === list).map(({ start }) => start);

/** Nothing is pooled that the judge does not name, and what it is sure of is there, in its order. */
function agree(kernel: Kernel<State>, state: State, after: JudgedStep["after"]): void {
  const judged = after?.pooled ?? [];
  const held = kernel.dump(state).pool ?? [];
  for (const list of new Set([...judged, ...held].map(listOf))) {
    const isSure = judged.filter((each) => listOf(each) === list).every(({ sure }) => sure);
    const [taken, there] = [startsOf(judged, list), startsOf(held, list)];
    if (isSure) expect(taken).toEqual(there);
    else expect(taken).toEqual(expect.arrayContaining(there));
  }
}

describe.each(["6.12", "6.19"])("the judge knows the pools of %s", (label) => {
  const kernel = kernelNamed(label);

  test.prop(
    [
      fc
        .constantFrom(pools, crowded)
        .chain((scope) => fc.tuple(fc.constant(scope), choices(scope, { longest: 60 }))),
    ],
    { numRuns: quickly(600) },
  )(`The judge knows the pools of ${label} in random histories`, ([scope, drawn]) => {
    runChoices(benchFor(kernel, scope), drawn, {
      played: ({ after }, state) => agree(kernel, state as State, after),
      violated: () => "continue",
    });
  });

  test(`The judge knows the pools of ${label} after certain extents are added to uncertain ones`, () => {
    const scope = { ...crowded, vmalloc: { vstart: 64, vend: 68 } };
    const ask = (more: object = {}): HistoryStep => {
      return { op: "alloc", size: 1, align: PAGE_SIZE, ...scope.vmalloc, map: false, ...more };
    };
    const free = (area: number): HistoryStep => ({ op: "free", area });
    const aligned = ask({ align: 2 * PAGE_SIZE });
    const begin = [ask(), ask({ size: 2 }), ask(), free(1), ask(), free(0), free(4)];
    const rest = [ask({ cpu: 1 }), ask({ cpu: 1 }), free(8), free(2), aligned, ask(), ask()];
    const violated = replay(benchFor(kernel, scope), [...begin, ...rest]).flatMap((step) => step.violated);
    expect(violated).toEqual([]);
  });
});
