/** The loop of db64fe02: what it counts, and that nothing is lost in it. */
import { describe, expect, test } from "vitest";
import { readDefaultCosts } from "../../adapters/costs-file.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { Calls } from "./calls.ts";
import { runLoop, scopeFor } from "./loop.ts";

const costs = await readDefaultCosts();

test("One thread takes the sum of the phases of its calls, counted in the model", () => {
  const ns = costs.nanoseconds;
  const { nanoseconds, flushes, maps } = runLoop({
    kernel: linux("2.6.27"),
    costs,
    cpus: 1,
    threads: 1,
    pages: 4,
    calls: "vmap",
    seed: 1,
  });
  expect(flushes).toBe(maps);
  const map = ns.call + ns.descriptor + ns.atomic + 4 * ns.pteSet;
  const touch = 4 * ns.tlbMiss;
  // The list has the one area that is looked for.
  const unmap = ns.atomic + ns.listStep + ns.call + 4 * ns.pteClear + ns.flush + ns.descriptor + ns.refill;
  expect(nanoseconds).toBeCloseTo(map + touch + unmap, 6);
});

describe.each(["2.6.27", "2.6.28", "4.15.0", "5.17", "6.1", "7.2"])("no event is lost on %s", (label) => {
  test("Every lock that was taken is released, and every interrupt is answered", () => {
    const calls = new Calls(linux(label), { ...scopeFor(6), lazyMaxPages: 20 }, costs);
    const { simulation } = calls;
    for (let cpu = 0; cpu < 4; cpu++) {
      simulation.start(
        cpu,
        (function* () {
          for (let nth = 0; nth < 20; nth++) {
            const start = yield* calls.vmap(cpu, 3);
            yield* calls.touch(cpu, start, 3);
            yield* calls.vunmap(cpu, start);
          }
        })(),
      );
    }
    simulation.run(() => false);
    expect(calls.maps).toBe(80);
    expect(simulation.locks.filter(({ holder, line }) => holder !== undefined || line.length > 0)).toEqual(
      [],
    );
    expect(simulation.cpus.map(({ state }) => state)).toEqual(Array(6).fill("idle"));
    expect(calls.flushes).toBeGreaterThan(0);
    expect(simulation.sent).toBe(5 * calls.flushes);
    expect(simulation.answered).toBe(simulation.sent);
  });
});
