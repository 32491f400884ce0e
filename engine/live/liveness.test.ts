import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { BOUNDS, quickly } from "../bounds.testing.ts";
import type { Action, PackedMachine } from "../machine.ts";
import { has } from "../reduce/conditions.ts";
import { type Field, Layout, plain } from "../search/layout.ts";
import { confirmLasso } from "./confirm-lasso.ts";
import type { Lasso } from "./fair-loop.ts";
import { componentsOf } from "./lasting-graph.ts";
import { findingLassos, findLassos } from "./liveness.ts";

/** A machine of these actions that must not stay for ever where the condition holds. */
function machineOf(
  layout: Layout,
  actions: readonly Action[],
  when: readonly ReturnType<typeof has>[],
): PackedMachine {
  return {
    name: "small",
    words: layout.words,
    initial: (state) => state.fill(0),
    actions,
    invariants: [],
    eventuallyEnds: [{ id: "passes", says: "It passes.", when }],
  };
}

/** The one lasso of a machine, confirmed; undefined if there is none. */
function lassoOf(machine: PackedMachine): Lasso | undefined {
  const { lasted, verdict } = findLassos(machine, BOUNDS);
  const [{ lasso, verdict: one } = { lasso: undefined, verdict: "none" }] = lasted;
  expect([verdict, one]).toEqual(lasso === undefined ? ["holds", "holds"] : ["broken", "broken"]);
  const [passing] = machine.eventuallyEnds as [NonNullable<PackedMachine["eventuallyEnds"]>[number]];
  if (lasso !== undefined) expect(confirmLasso(machine, passing, lasso)).toBe(true);
  return lasso;
}

const namesIn = (machine: PackedMachine, run: readonly number[]) =>
  run.map((index) => machine.actions[index]?.name);

const step = (name: string, agent: string, from: [Field, number], to: [Field, number]): Action => ({
  name,
  agent,
  when: [has(...from)],
  effect: (state) => to[0].set(state, to[1]),
});

const [IDLE, WAITS, INSIDE] = [0, 1, 2];

/** Two agents and a lock that any waiting agent may take when it is free. */
function lock(): PackedMachine {
  const layout = new Layout();
  const at = layout.array("at", { name: "agents", size: 2 }, plain(3)) as [Field, Field];
  const taken = layout.field("taken", plain(2));
  const actions = at.flatMap((pc, nth): Action[] => [
    step(`${nth} asks`, `${nth}`, [pc, IDLE], [pc, WAITS]),
    {
      name: `${nth} takes`,
      agent: `${nth}`,
      when: [has(pc, WAITS), has(taken, 0)],
      effect: (state) => {
        pc.set(state, INSIDE);
        taken.set(state, 1);
      },
    },
    {
      name: `${nth} leaves`,
      agent: `${nth}`,
      when: [has(pc, INSIDE)],
      effect: (state) => {
        pc.set(state, IDLE);
        taken.set(state, 0);
      },
    },
  ]);
  return machineOf(layout, actions, [has(at[0], WAITS)]);
}

/** The same with tickets, which are served in the order in which they were drawn. */
function ticketLock(): PackedMachine {
  const layout = new Layout();
  const at = layout.array("at", { name: "agents", size: 2 }, plain(3)) as [Field, Field];
  const mine = layout.array("mine", { name: "agents", size: 2 }, plain(4)) as [Field, Field];
  const [next, served] = [layout.field("next", plain(4)), layout.field("served", plain(4))];
  const increment = (field: Field, state: Int32Array) => field.set(state, (field.get(state) + 1) % 4);
  const actions = at.flatMap((pc, nth): Action[] => [
    {
      name: `${nth} draws`,
      agent: `${nth}`,
      when: [has(pc, IDLE)],
      effect: (state) => {
        mine[nth]?.set(state, next.get(state));
        increment(next, state);
        pc.set(state, WAITS);
      },
    },
    {
      name: `${nth} takes`,
      agent: `${nth}`,
      when: [has(pc, WAITS)],
      guard: (state) => mine[nth]?.get(state) === served.get(state),
      effect: (state) => pc.set(state, INSIDE),
    },
    {
      name: `${nth} leaves`,
      agent: `${nth}`,
      when: [has(pc, INSIDE)],
      effect: (state) => {
        pc.set(state, IDLE);
        increment(served, state);
      },
    },
  ]);
  return machineOf(layout, actions, [has(at[0], WAITS)]);
}

/** No agent's steps need be taken: fairness is switched off for these agents. */
const without = (machine: PackedMachine, ...agents: readonly string[]): PackedMachine => ({
  ...machine,
  actions: machine.actions.map(({ agent, ...rest }) =>
    agent === undefined || agents.includes(agent) ? rest : { ...rest, agent },
  ),
});

describe("an agent that waits for a lock", () => {
  test("may wait for ever, as the lock is taken again and again", () => {
    const machine = lock();
    const lasso = lassoOf(machine) as Lasso;
    expect(namesIn(machine, lasso.stem)).toEqual(["0 asks"]);
    // While the other is inside, the waiting agent can take no step: a fair loop.
    expect(namesIn(machine, lasso.loop)).toEqual(["1 asks", "1 takes", "1 leaves"]);
  });

  test("does not wait for ever if tickets give the order", () => {
    expect(lassoOf(ticketLock())).toBeUndefined();
  });

  test("waits for ever, with tickets, if the other need not leave", () => {
    const machine = without(ticketLock(), "1");
    const lasso = lassoOf(machine) as Lasso;
    // With its ticket drawn first, the waiting agent could continue.
    expect(namesIn(machine, lasso.stem)).toEqual(["1 draws", "0 draws"]);
    expect(lasso.loop).toEqual([]);
  });

  test("is reported only if waiting for ever is forbidden", () => {
    const { eventuallyEnds: _none, ...machine } = lock();
    expect(findLassos(machine, BOUNDS)).toMatchObject({ verdict: "holds", lasted: [], ended: "fixpoint" });
  });
});

/** One agent goes round three places; another may always end it. */
function roundabout(): PackedMachine {
  const layout = new Layout();
  const [place, ended] = [layout.field("place", plain(3)), layout.field("ended", plain(2))];
  const actions = [
    ...[0, 1, 2].map((here) => step(`from ${here}`, "driver", [place, here], [place, (here + 1) % 3])),
    step("end", "warden", [ended, 0], [ended, 1]),
  ];
  return machineOf(layout, actions, [has(ended, 0)]);
}

describe("a loop", () => {
  test("is none if an agent could leave it at every moment", () => {
    expect(lassoOf(roundabout())).toBeUndefined();
  });

  test("is one as soon as that agent is not treated fairly", () => {
    const machine = without(roundabout(), "warden");
    expect(lassoOf(machine)).toEqual({ stem: [], loop: [0, 1, 2] });
  });

  test("has to serve every agent, which can take more than the shortest way round", () => {
    const layout = new Layout();
    const [place, flag] = [layout.field("place", plain(2)), layout.field("flag", plain(2))];
    const machine = machineOf(
      layout,
      [
        step("go", "a", [place, 0], [place, 1]),
        step("come", "a", [place, 1], [place, 0]),
        step("raise", "b", [flag, 0], [flag, 1]),
        step("lower", "b", [flag, 1], [flag, 0]),
        step("idle", "c", [flag, 0], [flag, 0]),
      ],
      [],
    );
    // A shortest loop: c is served where the flag is up.
    const { stem, loop } = lassoOf(machine) as Lasso;
    expect([stem, loop.length, namesIn(machine, loop).sort()]).toEqual([
      [],
      4,
      ["come", "go", "lower", "raise"],
    ]);
  });

  test("does not go through an assertion that fails, nor end before it", () => {
    const layout = new Layout();
    const place = layout.field("place", plain(2));
    const back = step("back", "a", [place, 1], [place, 0]);
    const law = { id: "not-back", says: "It does not come back." };
    const failing = { ...back, asserts: [{ law, holds: () => false }] };
    const there = step("there", "a", [place, 0], [place, 1]);
    expect(lassoOf(machineOf(layout, [there, back], []))).toEqual({ stem: [], loop: [0, 1] });
    expect(lassoOf(machineOf(layout, [there, failing], []))).toBeUndefined();
  });

  test("may consist of steps that belong to no agent", () => {
    const layout = new Layout();
    const [place, lamp] = [layout.field("place", plain(2)), layout.field("lamp", plain(2))];
    const { agent: _nobody, ...flicker } = step("flicker", "", [lamp, 0], [lamp, 1]);
    const { agent: _none, ...dim } = step("dim", "", [lamp, 1], [lamp, 0]);
    const leave = { ...step("leave", "a", [place, 0], [place, 1]), when: [has(place, 0), has(lamp, 1)] };
    const machine = machineOf(layout, [flicker, dim, leave], [has(place, 0), has(lamp, 0, 1)]);
    // It ends in the dark at once; and it flickers for ever if the dark is not allowed to last.
    expect(lassoOf(machine)).toEqual({ stem: [], loop: [] });
    const wait = step("wait", "b", [lamp, 0], [lamp, 1]);
    expect(lassoOf(machineOf(layout, [wait, dim, leave], [has(place, 0)]))).toEqual({
      stem: [],
      loop: [0, 1],
    });
  });
});

describe("where nothing more happens", () => {
  const layout = new Layout();
  const place = layout.field("place", plain(3));
  const steps = [step("on", "a", [place, 0], [place, 1]), step("on again", "a", [place, 1], [place, 2])];

  test("it lasts, if it is the last state", () => {
    expect(lassoOf(machineOf(layout, steps, [has(place, 2)]))).toEqual({ stem: [0, 1], loop: [] });
    expect(lassoOf(machineOf(layout, steps, [has(place, 0, 1)]))).toBeUndefined();
  });

  test("it lasts, if only a step of no agent could change it", () => {
    const { agent: _nobody, ...chance } = step("chance", "", [place, 2], [place, 0]);
    expect(lassoOf(machineOf(layout, [...steps, chance], [has(place, 2)]))).toEqual({
      stem: [0, 1],
      loop: [],
    });
  });
});

describe("a lasso", () => {
  const machine = lock();
  const [passing] = machine.eventuallyEnds as [NonNullable<PackedMachine["eventuallyEnds"]>[number]];
  const indices = (...names: string[]) =>
    names.map((name) => machine.actions.findIndex((each) => each.name === name));
  const loop = indices("1 asks", "1 takes", "1 leaves");
  const confirms = (lasso: Lasso) => confirmLasso(machine, passing, lasso);

  test("is confirmed if all of it is right", () => {
    expect(confirms({ stem: indices("0 asks"), loop })).toBe(true);
  });

  test.each([
    ["whose stem cannot be taken", { stem: indices("0 takes"), loop }],
    ["whose loop cannot be taken", { stem: indices("0 asks"), loop: indices("1 takes") }],
    ["whose loop does not lead back", { stem: indices("0 asks"), loop: indices("1 asks") }],
    ["on which the condition does not hold", { stem: [], loop }],
    [
      "on which it holds at first only",
      { stem: indices("0 asks"), loop: indices("0 takes", "0 leaves", "0 asks") },
    ],
    ["that stays where an agent could continue", { stem: indices("0 asks"), loop: [] }],
    ["with an unknown action", { stem: indices("0 asks"), loop: [-1] }],
  ])("is not confirmed %s", (_what, lasso) => {
    expect(confirms(lasso)).toBe(false);
  });

  test("is not confirmed where an agent is treated unfairly", () => {
    const unfair = roundabout();
    const [always] = unfair.eventuallyEnds as [typeof passing];
    expect(confirmLasso(unfair, always, { stem: [], loop: [0, 1, 2] })).toBe(false);
    expect(confirmLasso(without(unfair, "warden"), always, { stem: [], loop: [0, 1, 2] })).toBe(true);
  });
});

describe("a bound", () => {
  test("still reports a lasso among the states found, and no verdict without one", () => {
    const layout = new Layout();
    const count = layout.field("count", plain(5000));
    const up: Action = {
      name: "up",
      agent: "a",
      when: [],
      guard: (state) => count.get(state) < 4999,
      effect: (state) => count.set(state, count.get(state) + 1),
    };
    const far = machineOf(layout, [up], []);
    const bounds = { ...BOUNDS, states: 100 };
    expect(findLassos(far, BOUNDS)).toMatchObject({ verdict: "broken", states: 5000 });
    expect(findLassos(far, bounds)).toMatchObject({ verdict: "bounded", ended: "states" });
    const idle: Action = { name: "idle", agent: "a", when: [], effect: () => {} };
    expect(findLassos(machineOf(layout, [up, idle], []), bounds)).toMatchObject({
      verdict: "broken",
      ended: "states",
      lasted: [{ lasso: { stem: [], loop: [1] } }],
    });
  });

  test.each([
    ["on request", true, "request"],
    ["when its time is up", "time", "time"],
  ] as const)("is there %s, and says so", (_when, stop, ended) => {
    const work = findingLassos(lock(), BOUNDS);
    work.next(false);
    expect(work.next(stop).value).toMatchObject({ ended, verdict: "bounded", states: 3 });
  });

  test("of agents is reported", () => {
    const layout = new Layout();
    const place = layout.field("place", plain(2));
    const actions = Array.from({ length: 31 }, (_none, nth) =>
      step(`${nth}`, `${nth}`, [place, 0], [place, 1]),
    );
    expect(() => findLassos(machineOf(layout, actions, []), BOUNDS)).toThrow(
      new RangeError("small has 31 agents, more than 30"),
    );
  });
});

/** A graph as its edges, each taken by an agent or, -1, by none; and the nodes where the condition holds. */
interface Drawn {
  readonly nodes: number;
  readonly edges: readonly { readonly from: number; readonly to: number; readonly agent: number }[];
  readonly holds: readonly boolean[];
}
const AGENTS = [0, 1];

const drawn: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 6 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    edges: fc.array(
      fc.record({
        from: fc.nat({ max: nodes - 1 }),
        to: fc.nat({ max: nodes - 1 }),
        agent: fc.integer({ min: -1, max: 1 }),
      }),
      { maxLength: 12 },
    ),
    holds: fc.array(
      fc.nat({ max: 3 }).map((drawing) => drawing > 0),
      { minLength: nodes, maxLength: nodes },
    ),
  }),
);

function machineOfGraph({ nodes, edges, holds }: Drawn): PackedMachine {
  const layout = new Layout();
  const [node, good] = [layout.field("node", plain(nodes)), layout.field("good", plain(2))];
  const goTo = (state: Int32Array, to: number) => {
    node.set(state, to);
    good.set(state, holds[to] ? 1 : 0);
  };
  const actions = edges.map(({ from, to, agent }, nth) => ({
    name: `${nth}`,
    ...(agent < 0 ? {} : { agent: `${agent}` }),
    when: [has(node, from)],
    effect: (state: Int32Array) => goTo(state, to),
  }));
  return { ...machineOf(layout, actions, [has(good, 1)]), initial: (state) => goTo(state.fill(0), 0) };
}

/** By node: how far it is from the first. */
function depthsIn({ edges }: Drawn): Map<number, number> {
  const depths = new Map([[0, 0]]);
  for (const [node, depth] of depths) {
    for (const { from, to } of edges) if (from === node && !depths.has(to)) depths.set(to, depth + 1);
  }
  return depths;
}

/** The length of a shortest fair loop from a node, by its definition: walks, and the agents that each has served. */
function shortestLoop({ edges, holds }: Drawn, entry: number): number | undefined {
  const waits = (agent: number, node: number) =>
    !edges.some((edge) => edge.agent === agent && edge.from === node);
  const isFair = (walked: readonly number[]) =>
    AGENTS.every(
      (agent) =>
        waits(agent, entry) ||
        walked.some((nth) => edges[nth]?.agent === agent || waits(agent, edges[nth]?.to as number)),
    );
  if (isFair([])) return 0;
  const servedBy = (walked: readonly number[]) =>
    AGENTS.map((agent) =>
      walked.some((nth) => edges[nth]?.agent === agent || waits(agent, edges[nth]?.to as number)),
    );
  const known = new Set<string>();
  const walks: { at: number; walked: readonly number[] }[] = [{ at: entry, walked: [] }];
  for (const { at, walked } of walks) {
    for (const [nth, { from, to }] of edges.entries()) {
      if (from !== at || !holds[to]) continue;
      const longer = [...walked, nth];
      if (to === entry && isFair(longer)) return longer.length;
      const key = `${to} ${servedBy(longer)}`;
      if (known.has(key)) continue;
      known.add(key);
      walks.push({ at: to, walked: longer });
    }
  }
  return undefined;
}

describe("on graphs drawn at random", () => {
  test.prop([drawn], { numRuns: quickly(1500) })(
    "a lasso is found if there is one, and no longer than any",
    (graph) => {
      const lasso = lassoOf(machineOfGraph(graph));
      const entries = [...depthsIn(graph)].flatMap(([node, depth]) => {
        const loop = graph.holds[node] ? shortestLoop(graph, node) : undefined;
        return loop === undefined ? [] : [{ depth, loop }];
      });
      const [best] = entries.sort((a, b) => a.depth - b.depth || a.loop - b.loop);
      expect(lasso && { depth: lasso.stem.length, loop: lasso.loop.length }).toEqual(best);
    },
  );

  test.prop([drawn], { numRuns: quickly(300) })(
    "two nodes are in one component if each reaches the other",
    (graph) => {
      const { nodes, edges } = graph;
      const from = (node: number) => edges.filter((edge) => edge.from === node).map(({ to }) => to);
      const begins = [0];
      for (let node = 0; node < nodes; node++) begins.push((begins[node] as number) + from(node).length);
      const targets = Array.from({ length: nodes }, (_none, node) => from(node)).flat();
      const component = componentsOf({ begins: Int32Array.from(begins), targets: Int32Array.from(targets) });
      const reach = (node: number) => {
        const reached = new Set([node]);
        for (const each of reached) for (const to of from(each)) reached.add(to);
        return reached;
      };
      for (let one = 0; one < nodes; one++) {
        for (let other = 0; other < nodes; other++) {
          const together = reach(one).has(other) && reach(other).has(one);
          expect(component[one] === component[other]).toBe(together);
          if (reach(one).has(other))
            expect(component[one]).toBeGreaterThanOrEqual(component[other] as number);
        }
      }
    },
  );
});
