/** The packed world is the reference, transition by transition, whatever a subject replies. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { CANARIES } from "../counterexamples/canaries.ts";
import { BUGS } from "../counterexamples/index.ts";
import { MENDED } from "../counterexamples/mended.ts";
import { KERNELS } from "../kernels/index.ts";
import type { State } from "../kernels/state.ts";
import { choices } from "../properties/choices.ts";
import { play } from "../properties/play.ts";
import { SCOPES } from "../properties/scopes.ts";
import { settingFor } from "../properties/setting.ts";
import type { Command, Response } from "../spec/commands.ts";
import type { Kernel } from "../spec/kernel.ts";
import { RELEASES, releaseOf } from "../spec/releases.ts";
import type { Scope } from "../spec/scope.ts";
import { PAGE_SIZE } from "../spec/vocabulary.ts";
import { packedAfter } from "./packed-after.ts";
import {
  type Both,
  type BothSpecs,
  bothEmpty,
  bothSpecs,
  compareAnswers,
  compareStep,
} from "./packed-pairs.testing.ts";
import { packedSpec } from "./packed-spec.ts";
import { PackedWorld } from "./packed-world.ts";

/** Three blocks of four pages, of which a map takes at most two, beside areas; more than three lazy pages purge. */
const TINY: Scope = {
  name: "tiny",
  wordPages: 128,
  cpus: 2,
  lazyMaxPages: 3,
  vmalloc: { vstart: 64, vend: 76 },
  blockPages: 4,
  bitsPerLong: 2,
  beforeInit: false,
  congruent: [
    { offsets: [0, 3], sizes: [1, 2], align: PAGE_SIZE },
    { offsets: [2, 0], sizes: [2, 2], align: 2 * PAGE_SIZE },
  ],
  counts: [1, 2, 3],
  sizes: [2],
  aligns: [PAGE_SIZE],
  windows: [{ vstart: 64, vend: 72 }],
};
/** Room for two areas, and a machine that is switched on. */
const CROWDED: Scope = {
  ...TINY,
  cpus: 1,
  lazyMaxPages: null,
  beforeInit: true,
  counts: [],
  sizes: [1, 2],
  aligns: [PAGE_SIZE, 2 * PAGE_SIZE],
  windows: [{ vstart: 65, vend: 68 }],
};

const CHANGED = [
  ...BUGS.flatMap(({ changed }) => (changed === undefined ? [] : [changed])),
  ...CANARIES.map(({ kernel }) => kernel),
  ...MENDED,
];
const named = (kernels: readonly Kernel<State>[]) => kernels.map((kernel) => [kernel.name, kernel] as const);

interface Reached {
  readonly state: State;
  readonly both: Both;
}

/**
 * Every transition of up to so many commands from the start, breadth first: how many, and the first difference.
 * Of states that look alike, the world and what a dump shows, one is gone on from.
 */
function everyTransition(
  kernel: Kernel<State>,
  scope: Scope,
  depth: number,
  specs = bothSpecs(kernel.release),
) {
  let transitions = 0;
  const seen = new Set<string>();
  let reached: Reached[] = [{ state: kernel.initial(scope), both: bothEmpty(specs, scope) }];
  for (let length = 1; length <= depth; length++) {
    const next: Reached[] = [];
    for (const { state, both } of reached) {
      for (const command of specs.reference.enabled(both.reference, scope)) {
        const [now, response] = kernel.step(state, command);
        const { difference, after } = compareStep(specs, both, command, response);
        transitions += 1;
        if (difference !== undefined) return { transitions, difference };
        if (after === undefined) continue;
        const looks = after.key + JSON.stringify(kernel.dump(now));
        if (seen.has(looks)) continue;
        seen.add(looks);
        next.push({ state: now, both: after });
      }
    }
    reached = next;
  }
  for (let nth = 0; nth < reached.length; nth += 101) {
    const difference = compareAnswers(specs, (reached[nth] as Reached).both, 62, 78);
    if (difference !== undefined) return { transitions, difference };
  }
  return { transitions, difference: undefined };
}

/** Histories drawn as random runs draw them. */
function atRandom(kernel: Kernel<State>, scope: Scope, histories: number): string | undefined {
  const specs = bothSpecs(kernel.release);
  let difference: string | undefined;
  for (const drawn of fc.sample(choices(scope, { longest: 60 }), { seed: 7, numRuns: histories })) {
    let both = bothEmpty(specs, scope);
    const played = ({
      command,
      response,
    }: {
      command: Command | undefined;
      response: Response | undefined;
    }) => {
      const compared = compareStep(specs, both, command as Command, response as Response);
      difference ??= compared.difference;
      both = compared.after ?? both;
    };
    play(settingFor(kernel, scope), drawn, { played, broken: () => "go on" });
    difference ??= compareAnswers(specs, both, 62, 82);
  }
  return difference;
}

describe("both worlds are the same", () => {
  test.each(named(KERNELS))("after every transition of a tiny machine: %s", (_name, kernel) => {
    const { transitions, difference } = everyTransition(kernel, TINY, 3);
    expect(difference).toBeUndefined();
    expect(transitions).toBeGreaterThan(100);
    expect(everyTransition(kernel, CROWDED, 5).difference).toBeUndefined();
  });

  const DEEP = KERNELS.filter(({ name }) => ["2.6.28", "2.6.39", "3.16"].includes(name));
  test.each(named(DEEP))("after every transition a command further: %s", (_name, kernel) => {
    expect(everyTransition(kernel, TINY, 4).difference).toBeUndefined();
    expect(everyTransition(kernel, CROWDED, 6).difference).toBeUndefined();
  });

  test.each(named(KERNELS))("in random histories in every scope: %s", (_name, kernel) => {
    for (const scope of SCOPES) expect(atRandom(kernel, scope, 12)).toBeUndefined();
  });

  test.each(named(CHANGED))("on a kernel that breaks or mends something: %s", (_name, kernel) => {
    for (const scope of SCOPES) expect(atRandom(kernel, scope, 4)).toBeUndefined();
  });
});

/** A reply that no kernel would give, or one told by chance. */
const anyResponse: fc.Arbitrary<Response> = (() => {
  const page = fc.integer({ min: 60, max: 84 });
  const frame = fc.integer({ min: 1, max: 12 });
  const small = fc.nat(4);
  const extent = fc.oneof(
    {
      arbitrary: fc.record({ start: page, pages: fc.integer({ min: -2, max: 8 }) }),
      weight: 4,
    },
    { arbitrary: fc.constant({ start: 60, pages: 30 }), weight: 1 },
  );
  const flushes = fc
    .oneof(fc.constant([]), fc.array(extent, { maxLength: 3 }))
    .map((all) => all.map(({ start, pages }) => ({ start, end: start + pages })));
  const effects = fc.record(
    {
      flushes,
      pteSet: small,
      pteCleared: small,
      lazyPages: fc.nat(12),
      descriptors: small,
      dirtyLines: fc.array(page, { maxLength: 2 }),
    },
    { requiredKeys: ["flushes", "pteSet", "pteCleared"] },
  );
  const placed = fc.record({ kind: fc.constant("placed"), start: page, mapStopped: fc.boolean() });
  const others = fc.oneof(
    fc.record({ kind: fc.constantFrom("refused", "done") }),
    fc.record({
      kind: fc.constant("pinned"),
      frame,
      traps: fc.nat(1),
      swept: fc.boolean(),
      ptes: fc.nat(1),
    }),
    fc.record({ kind: fc.constant("reached"), hit: fc.boolean(), frame: fc.option(frame) }),
  );
  return fc.tuple(effects, fc.oneof(placed, others)).map(([effect, result]) => {
    return { ...effect, ...result } as Response;
  });
})();

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    op: fc.constant("alloc" as const),
    size: fc.integer({ min: 1, max: 5 }),
    align: fc.constantFrom(1, PAGE_SIZE, 4 * PAGE_SIZE),
    vstart: fc.integer({ min: 60, max: 70 }),
    vend: fc.integer({ min: 66, max: 84 }),
    map: fc.boolean(),
  }),
  fc.record({ op: fc.constant("mapRam" as const), cpu: fc.nat(1), count: fc.nat(4) }),
  fc.record({
    op: fc.constant("unmapRam" as const),
    cpu: fc.nat(1),
    start: fc.integer({ min: 62, max: 80 }),
    count: fc.nat(4),
  }),
  fc.record({ op: fc.constant("free" as const), start: fc.integer({ min: 62, max: 80 }) }),
  fc.record({ op: fc.constant("touch" as const), cpu: fc.nat(1), page: fc.integer({ min: 62, max: 80 }) }),
  fc.record({ op: fc.constant("unpin" as const), frame: fc.nat(12) }),
);

/** Half of the commands are taken from what is enabled, so that hostile replies meet a world worth harming. */
const hostile = fc.array(fc.tuple(fc.option(fc.nat(999)), anyCommand, anyResponse), {
  maxLength: 25,
  size: "max",
});
type Hostile = readonly (readonly [number | null, Command, Response])[];

function underHostility(specs: BothSpecs, scope: Scope, replies: Hostile): string | undefined {
  let both = bothEmpty(specs, scope);
  for (const [nth, command, response] of replies) {
    const commands = [...specs.reference.enabled(both.reference, scope)];
    const asked = nth === null ? command : (commands[nth % commands.length] as Command);
    const { difference, after } = compareStep(specs, both, asked, response);
    if (difference !== undefined || after === undefined) return difference;
    both = after;
  }
  return compareAnswers(specs, both, 60, 84);
}

describe("replies that no kernel gives", () => {
  const scopes = fc.constantFrom(TINY, { ...TINY, blockPages: 8, bitsPerLong: 4 }, CROWDED);
  test.prop([fc.constantFrom(...RELEASES), scopes, hostile], { numRuns: 1500 })(
    "are followed alike",
    (promises, scope, replies) => {
      expect(underHostility(bothSpecs(promises), scope, replies)).toBeUndefined();
    },
  );
});

describe("a packed world that is wrong", () => {
  const promises = releaseOf("2.6.39");
  const right = packedSpec(promises);
  const wrong: readonly (readonly [string, typeof packedAfter])[] = [
    [
      "keeps TLB entries at a flush",
      (before, command, response) => {
        const after = packedAfter(before, command, response);
        return (
          after &&
          new PackedWorld({ ...after, tlb: after.tlb.length < before.tlb.length ? before.tlb : after.tlb })
        );
      },
    ],
    [
      "forgets what was not flushed",
      (before, command, response) => {
        const after = packedAfter(before, command, response);
        return after && new PackedWorld({ ...after, unflushed: [] });
      },
    ],
    [
      "writes to the world before",
      (before, command, response) => {
        (before.areas as number[]).push();
        return packedAfter(before, command, response);
      },
    ],
  ];

  test.each(wrong)("is told: %s", (_what, after) => {
    const specs = bothSpecs(promises, { ...right, after });
    const same = fc.property(hostile, (replies) => underHostility(specs, TINY, replies) === undefined);
    expect(fc.check(same, { seed: 1, numRuns: 200 }).failed).toBe(true);
  });

  test("is told among the transitions of a tiny machine", () => {
    const [, after] = wrong[0] as (typeof wrong)[number];
    const kernel = KERNELS.find(({ name }) => name === "2.6.39") as Kernel<State>;
    const { difference } = everyTransition(kernel, TINY, 4, bothSpecs(promises, { ...right, after }));
    expect(difference).toBeDefined();
  });
});
