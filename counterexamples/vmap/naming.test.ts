import { describe, expect, test } from "vitest";
import { replay } from "../../engine/run/stepper.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith, stepsFrom } from "../../kernels/vmap/rules.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { vmapKernel } from "../../kernels/vmap/vmap-kernel.ts";
import { scopeCalled } from "../../properties/vmap/random-scopes.ts";
import { benchFor, type JudgedStep } from "../../properties/vmap/test-bench.ts";
import type { LawId } from "../../spec/contract.ts";
import { CHANGES } from "../../spec/vmap/bibliography.ts";
import { type HistoryStep, isWellFormed } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { LAWS } from "../../spec/vmap/laws/index.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { BUGS } from "./index.ts";
import { INTERLEAVED } from "./interleavings.ts";

const BLOCKS = scopeCalled("blocks") as Scope;
const RELEASE = releaseOf("4.15.0");
const AREA = { op: "alloc", size: 1, align: 4096, vstart: 64, vend: 104, map: true } as const;
const MAP = { op: "mapRam", cpu: 0, count: 4 } as const;

/** What the catalogue calls the last violation of this law in a history played on a kernel that says it is 4.15.0. */
function nameOf(kernel: Kernel<State>, law: LawId, history: readonly HistoryStep[]): string | undefined {
  const last = replay(benchFor(kernel, BLOCKS), history, law).at(-1) as JudgedStep;
  expect(last.violated.map(({ id }) => id)).toContain(law);
  return namesOf(OPEN_VMAP, kernel, last).find((each) => each.law === law)?.known;
}

/** A used-up block of which half was given back: C7 is near. */
const USED_UP: readonly HistoryStep[] = [MAP, MAP, { op: "unmapRam", cpu: 0, area: 0 }];

describe("a name is not given", () => {
  const idle = vmapKernel(RELEASE, { ...stepsFrom(rulesOf("4.15.0")), unmapAliases: () => {} }, "4.15.0");

  test("An alias in an area is not attributed to a used-up block", () => {
    const history: HistoryStep[] = [...USED_UP, { ...AREA }, { op: "free", area: 3 }, { op: "pin" }];
    expect(nameOf(idle, "pinned-is-unaliased", history)).toBeUndefined();
  });

  test("A descriptor that an unmap leaks is not attributed to fragments elsewhere", () => {
    const steps = stepsFrom(rulesOf("4.15.0"));
    const leaking = vmapKernel(
      RELEASE,
      {
        ...steps,
        flushCache: (state) => {
          state.areas.descriptors += 1;
        },
      },
      "3.16",
    );
    const history: HistoryStep[] = [
      { ...MAP, count: 1 },
      { op: "unmapRam", cpu: 0, area: 0 },
    ];
    expect(nameOf(leaking, "nothing-leaks", history)).toBeUndefined();
  });
});

describe("a name is given", () => {
  const released = kernelWith(RELEASE, rulesOf("4.15.0"));

  test("The alias that a used-up block keeps is attributed", () => {
    expect(nameOf(released, "pinned-is-unaliased", [...USED_UP, { op: "pin" }])).toBe("vb-full-block-stale");
  });
});

describe("a history before vmalloc_init", () => {
  const boot = scopeCalled("boot") as Scope;

  test("A history before vmalloc_init is well formed only if nothing is mapped in it", () => {
    const aliases: HistoryStep = { op: "unmapAliases" };
    expect(isWellFormed([aliases, { op: "init" }, MAP], boot)).toBe(true);
    expect(isWellFormed([aliases, MAP], boot)).toBe(false);
    expect(isWellFormed([aliases, MAP], BLOCKS)).toBe(true);
  });
});

test("Printed texts cite commits, mails and the catalogue, and no document outside the project", () => {
  const written = [
    ...[...BUGS, ...INTERLEAVED].flatMap(({ source, fixed, says }) => [source, fixed, says]),
    ...LAWS.flatMap(({ says, source }) => [says, source]),
    ...CHANGES.map(({ says }) => says),
  ];
  expect(written.filter((text) => /seed 0|DESIGN|\.\.\/shared/.test(text))).toEqual([]);
});
