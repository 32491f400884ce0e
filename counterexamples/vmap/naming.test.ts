import { describe, expect, test } from "vitest";
import { replay } from "../../engine/run/stepper.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith, stepsFrom } from "../../kernels/vmap/rules.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { vmapKernel } from "../../kernels/vmap/vmap-kernel.ts";
import { scopeCalled } from "../../properties/vmap/random-scopes.ts";
import { settingFor, type VmapPlayed } from "../../properties/vmap/test-bench.ts";
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

/** What the catalogue calls the last break of this law in a history played on a kernel that says it is 4.15.0. */
function nameOf(kernel: Kernel<State>, law: LawId, history: readonly HistoryStep[]): string | undefined {
  const last = replay(settingFor(kernel, BLOCKS), history, law).at(-1) as VmapPlayed;
  expect(last.broken.map(({ id }) => id)).toContain(law);
  return namesOf(kernel, last).find((each) => each.law === law)?.known;
}

/** A used-up block of which half was given back: C7 is near. */
const USED_UP: readonly HistoryStep[] = [MAP, MAP, { op: "unmapRam", cpu: 0, area: 0 }];

describe("a name is not given", () => {
  const idle = vmapKernel(RELEASE, { ...stepsFrom(rulesOf("4.15.0")), unmapAliases: () => {} }, "4.15.0");

  test("to an alias in an area because some block is used up", () => {
    const history: HistoryStep[] = [...USED_UP, { ...AREA }, { op: "free", area: 3 }, { op: "pin" }];
    expect(nameOf(idle, "pinned-is-unaliased", history)).toBeUndefined();
  });

  test("to a descriptor that an unmap leaks, because fragments are left elsewhere", () => {
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

  test("to the alias that a used-up block keeps", () => {
    expect(nameOf(released, "pinned-is-unaliased", [...USED_UP, { op: "pin" }])).toBe("vb-full-block-stale");
  });
});

describe("a history before vmalloc_init", () => {
  const boot = scopeCalled("boot") as Scope;

  test("is well formed only if nothing is mapped in it", () => {
    const aliases: HistoryStep = { op: "unmapAliases" };
    expect(isWellFormed([aliases, { op: "init" }, MAP], boot)).toBe(true);
    expect(isWellFormed([aliases, MAP], boot)).toBe(false);
    expect(isWellFormed([aliases, MAP], BLOCKS)).toBe(true);
  });
});

test("what users read cites what they can find: commits, mails, the catalogue, and no document that is not here", () => {
  const written = [
    ...[...BUGS, ...INTERLEAVED].flatMap(({ source, fixed, says }) => [source, fixed, says]),
    ...LAWS.flatMap(({ says, source }) => [says, source]),
    ...CHANGES.map(({ says }) => says),
  ];
  expect(written.filter((text) => /seed 0|DESIGN|\.\.\/shared/.test(text))).toEqual([]);
});
