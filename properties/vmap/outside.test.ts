/** Calls outside their domain: how histories name them, and that callers make those that a release answers. */

import { describe, expect, test } from "vitest";
import { quickly } from "../../engine/bounds.testing.ts";
import { searchAtRandom } from "../../engine/run/random.ts";
import { replay } from "../../engine/run/stepper.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { kernelCalled, linux } from "../../kernels/vmap/index.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../kernels/vmap/rules.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { vmapKernel } from "../../kernels/vmap/vmap-kernel.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import { type HistoryStep, isWellFormed, misnamed, simpler } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { outsideOf } from "../../spec/vmap/laws/domain.ts";
import type { Outside } from "../../spec/vmap/outside.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { historyOf } from "../history-of.ts";
import { randomRun } from "../random-run.ts";
import { runChoices } from "../run-choices.ts";
import { choices } from "./choices.ts";
import { HISTORIES } from "./histories.ts";
import { SCOPES, scopeCalled } from "./random-scopes.ts";
import { benchFor } from "./test-bench.ts";
import { commandsOf, isEnabled, nameOf } from "./workload.ts";

const OUTSIDE = scopeCalled("outside") as Scope;
const ALLOC: HistoryStep = { op: "alloc", size: 2, align: PAGE_SIZE, vstart: 64, vend: 88, map: false };
const MAP: HistoryStep = { op: "mapRam", cpu: 0, count: 2 };

/** The commands that a history comes to on 6.1, in order; undefined for a step that does nothing. */
function commandsIn(history: readonly HistoryStep[]): readonly (Command | undefined)[] {
  const setting = { ...benchFor(linux("6.1"), OUTSIDE), laws: [] };
  return replay(setting, history).map(({ command }) => command);
}

describe("a step of a history", () => {
  test.each<[string, readonly HistoryStep[], Command]>([
    ["frees twice", [ALLOC, { op: "free", area: 0 }, { op: "free", area: 0 }], { op: "free", start: 64 }],
    ["frees inside an area", [ALLOC, { op: "free", area: 0, offset: 1 }], { op: "free", start: 65 }],
    ["frees a page of the space", [{ op: "free", page: 70 }], { op: "free", start: 70 }],
    ["frees a map", [MAP, { op: "free", area: 0 }], { op: "free", start: 64 }],
    [
      "unmaps twice",
      [MAP, MAP, { op: "unmapRam", cpu: 0, area: 0 }, { op: "unmapRam", cpu: 1, area: 0 }],
      { op: "unmapRam", cpu: 1, start: 64, count: 2 },
    ],
    [
      "unmaps another count",
      [MAP, { op: "unmapRam", cpu: 0, area: 0, count: 1 }],
      { op: "unmapRam", cpu: 0, start: 64, count: 1 },
    ],
    [
      "unmaps an area",
      [ALLOC, { op: "unmapRam", cpu: 0, area: 0 }],
      { op: "unmapRam", cpu: 0, start: 64, count: 2 },
    ],
    [
      "unmaps a page of the space",
      [{ op: "unmapRam", cpu: 0, page: 80, count: 3 }],
      { op: "unmapRam", cpu: 0, start: 80, count: 3 },
    ],
  ])("A step of a history %s, and the call is sent", (_what, history, sent) => {
    expect(isWellFormed(history, OUTSIDE)).toBe(true);
    expect(commandsIn(history).at(-1)).toEqual(sent);
  });

  test("A step that names a refused command has no address, and does nothing", () => {
    const refused: HistoryStep = { ...ALLOC, size: 30 };
    expect(commandsIn([refused, { op: "free", area: 0 }]).at(-1)).toBeUndefined();
    expect(
      commandsIn([
        { ...MAP, count: 30 },
        { op: "unmapRam", cpu: 0, area: 0 },
      ]).at(-1),
    ).toBeUndefined();
  });

  test("A step that names a pin or a purge is no free", () => {
    expect(misnamed([{ op: "purge" }, { op: "free", area: 0 }], 1)).toEqual(["alloc", "vmap", "mapRam"]);
  });

  test.each<[HistoryStep, readonly HistoryStep[]]>([
    [
      { op: "free", area: 0, offset: 2 },
      [
        { op: "free", area: 0 },
        { op: "free", area: 0, offset: 1 },
      ],
    ],
    [
      { op: "free", page: 70 },
      [
        { op: "free", page: 64 },
        { op: "free", page: 66 },
      ],
    ],
    [
      { op: "unmapRam", cpu: 1, area: 0, count: 2 },
      [
        { op: "unmapRam", cpu: 0, area: 0, count: 2 },
        { op: "unmapRam", cpu: 1, area: 0 },
        { op: "unmapRam", cpu: 1, area: 0, count: 1 },
      ],
    ],
  ])("%o has simpler forms", (step, forms) => {
    expect([...simpler(step, OUTSIDE)]).toEqual(expect.arrayContaining([...forms]));
  });
});

/** Which kinds of calls outside their domain random callers make in a scope, and how often. */
function made(label: string, scope: Scope, unchecked = false, runs = 300): ReadonlyMap<Outside, number> {
  const counts = new Map<Outside, number>();
  searchAtRandom({
    drawn: choices(scope, { longest: 60 }),
    attempt: (drawn) => {
      const watcher = {
        played: ({
          before,
          command,
        }: {
          before: Parameters<typeof outsideOf>[0];
          command: Command | undefined;
        }) => {
          const outside = command && outsideOf(before, command);
          if (outside !== undefined) counts.set(outside, (counts.get(outside) ?? 0) + 1);
        },
        violated: () => "stop" as const,
      };
      runChoices(benchFor(kernelCalled(label) as Kernel<State>, scope), drawn, watcher, unchecked);
      return undefined;
    },
    seed: 3,
    runs,
  });
  return counts;
}

describe("callers at random", () => {
  test.each(["2.6.27", "2.6.39", "3.10.65", "4.15.0", "6.1", "6.12"])(
    "Random callers make every call outside its domain that %s refuses or warns about, and none that it does not check",
    (label) => {
      const counts = made(label, OUTSIDE);
      const { outside } = (kernelCalled(label) as Kernel<State>).release;
      for (const kind of counts.keys()) expect(outside[kind]).not.toBe("unchecked");
      // 2.6.27 has nothing lazy, and no vm_unmap_ram.
      const kinds = [
        "freeNowhere",
        "vmapOfNothing",
        ...(label === "2.6.27" ? [] : (["freeAgain", "unmapNowhere"] as const)),
      ] as const;
      for (const kind of kinds) if (outside[kind] === "refused") expect(counts.get(kind)).toBeGreaterThan(0);
    },
  );

  test("Random callers make unchecked calls on request", () => {
    const counts = made("6.1", OUTSIDE, true);
    for (const kind of ["freeElsewhere", "unmapInBlock", "unmapElsewhere"] as const)
      expect(counts.get(kind)).toBeGreaterThan(5);
  });

  test("In other scopes random callers make no call outside its domain except maps of no page", () => {
    const others = SCOPES.filter(({ outside }) => outside !== true);
    const kinds = new Set(others.flatMap((scope) => [...made("6.12", scope, false, quickly(300)).keys()]));
    expect([...kinds]).toEqual(["mapOfNothing"]);
  });

  test("Random callers find a kernel that counts a lazy page at a free of no area, in one command", () => {
    const steps = stepsFrom(rulesOf("6.1"));
    const counting = vmapKernel(
      linux("6.1").release,
      {
        ...steps,
        strayFree: (state, start, own) => {
          steps.strayFree(state, start, own);
          state.lazyPages += 1;
        },
      },
      "counts",
    );
    const { unknown } = randomRun(HISTORIES, {
      kernel: counting,
      scope: OUTSIDE,
      seed: 5,
      histories: 200,
      law: "argument-domain",
      name: (step) => namesOf(OPEN_VMAP, counting, step),
    });
    expect(unknown?.law).toBe("argument-domain");
    expect(unknown?.history).toHaveLength(1);
  });
});

describe("callers who are explored", () => {
  const scope: Scope = {
    ...OUTSIDE,
    cpus: 1,
    sizes: [1, 2],
    aligns: [PAGE_SIZE],
    vmalloc: { vstart: 64, vend: 72 },
  };
  const windows = [{ vstart: 64, vend: 72 }];
  const calls = ["alloc", "map", "purge"] as const;

  test("Explored callers make calls outside their domain if the scope allows it", () => {
    const commands = commandsOf({ ...scope, windows }, calls);
    const world = vmapSpec(linux("6.1").release).initial({ ...scope, windows });
    const enabled = commands.filter((command) => isEnabled(world, command)).map(nameOf);
    for (const name of [
      "alloc 0 in [64,72)",
      "mapRam 0 on 0",
      "free 70",
      "unmapRam 0 at 66",
      "unmapRam 3 at 64",
    ])
      expect(enabled).toContain(name);
  });

  test("Explored callers make no calls outside their domain in other scopes", () => {
    const { outside: _asked, ...plain } = { ...scope, windows };
    const world = vmapSpec(linux("6.1").release).initial(plain);
    const enabled = commandsOf(plain, calls)
      .filter((command) => isEnabled(world, command))
      .map(nameOf);
    expect(enabled.filter((name) => /free|unmap|alloc 0|Ram 0/.test(name))).toEqual([]);
  });

  test("Runs of explored callers become histories, which name the same calls", () => {
    const commands: readonly Command[] = [
      ALLOC as Command,
      { op: "free", start: 64 },
      { op: "free", start: 64 },
      { op: "free", start: 65 },
      { op: "free", start: 71 },
      MAP as Command,
      { op: "unmapRam", cpu: 0, start: 68, count: 2 },
      { op: "unmapRam", cpu: 0, start: 68, count: 1 },
      { op: "unmapRam", cpu: 0, start: 80, count: 3 },
    ];
    const history = historyOf(benchFor(linux("6.1"), OUTSIDE), commands, [...commands.keys()]);
    expect(commandsIn(history)).toEqual(commands.slice(0, commandsIn(history).length));
    expect(history.slice(1, 5)).toEqual([
      { op: "free", area: 0 },
      { op: "free", area: 0 },
      { op: "free", area: 0, offset: 1 },
      { op: "free", page: 71 },
    ]);
  });
});
