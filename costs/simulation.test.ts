/** What the simulation must get right exactly: sums of phases, queues, and that nothing is lost. */
import { describe, expect, test } from "vitest";
import { type Hardware, type Lock, type Program, Simulation } from "./simulation.ts";

const HARDWARE: Hardware = {
  cpusPerSocket: 1,
  atomic: 7,
  lineSameSocket: 11,
  lineOtherSocket: 100,
  spinner: 3,
  ipiSend: 10,
  ipiEntry: 40,
  wakeIdle: 1000,
  flush: 20,
  refill: 5,
};

const forever = () => false;

/** Holds the lock this often, and works outside in between. Notes when it held it, and what came of its takes. */
function* holds(lock: Lock, times: number, inside: number, outside: number, seen: number[] = []): Program {
  for (let nth = 0; nth < times; nth++) {
    seen.push(yield { take: lock });
    yield { work: inside, as: "inside" };
    yield { release: lock };
    yield { work: outside, as: "outside" };
  }
}

describe("one CPU", () => {
  test("takes the sum of its phases", () => {
    const simulation = new Simulation(HARDWARE, 1);
    const lock = simulation.lock("lock", "spins", false);
    simulation.start(0, holds(lock, 10, 30, 50));
    simulation.run(forever);
    expect(simulation.now).toBe(10 * (7 + 30 + 50));
    expect(Object.fromEntries(simulation.spent)).toEqual({ spins: 70, inside: 300, outside: 500 });
    expect(lock.busy).toBe(10 * (7 + 30));
  });

  test("flushes its own TLB alone, and looks up again what it needs", () => {
    const simulation = new Simulation(HARDWARE, 1);
    simulation.start(
      0,
      (function* (): Program {
        yield { flushBelow: 1 };
        yield { work: 30, as: "work" };
        yield { work: 30, as: "work" };
      })(),
    );
    simulation.run(forever);
    expect(simulation.now).toBe(20 + 5 + 30 + 30);
    expect({ sent: simulation.sent, answered: simulation.answered }).toEqual({ sent: 0, answered: 0 });
  });
});

describe("two CPUs on one lock", () => {
  test("that is always wanted take turns: a hold and a handover each", () => {
    const simulation = new Simulation(HARDWARE, 2);
    const lock = simulation.lock("lock", "spins", true);
    for (const cpu of [0, 1]) simulation.start(cpu, holds(lock, 100, 30, 0));
    simulation.run(forever);
    // The first take finds no line to move.
    expect(simulation.now).toBe(200 * (7 + 30) + 199 * 100);
    expect(lock.busy).toBe(simulation.now);
  });

  test("whose work outside is as long as a hold never wait, once they are out of step", () => {
    const simulation = new Simulation({ ...HARDWARE, atomic: 0, lineOtherSocket: 0 }, 2);
    const lock = simulation.lock("lock", "spins", false);
    for (const cpu of [0, 1]) simulation.start(cpu, holds(lock, 50, 30, 30));
    simulation.run(forever);
    // The second waits once, for the first hold.
    expect(simulation.spent.get("spins")).toBe(30);
    expect(simulation.now).toBe(30 + 50 * 60);
  });

  test("see how often the other held it since", () => {
    const simulation = new Simulation(HARDWARE, 2);
    const lock = simulation.lock("lock", "spins", false);
    const seen: number[] = [];
    simulation.start(0, holds(lock, 4, 30, 0));
    simulation.start(1, holds(lock, 4, 30, 0, seen));
    simulation.run(forever);
    expect(seen).toEqual([1, 1, 1, 1]);
  });

  test("must not release what they do not hold", () => {
    const simulation = new Simulation(HARDWARE, 2);
    const lock = simulation.lock("lock", "spins", false);
    simulation.start(0, holds(lock, 1, 30, 0));
    simulation.start(
      1,
      (function* (): Program {
        yield { release: lock };
      })(),
    );
    expect(() => simulation.run(forever)).toThrow("CPU 1 releases lock, which it does not hold");
  });
});

test("A handover of a lock that is not queued takes longer with each waiter; of a queued one it does not", () => {
  const timeOf = (isQueued: boolean) => {
    const simulation = new Simulation(HARDWARE, 4);
    const lock = simulation.lock("lock", "spins", isQueued);
    for (let cpu = 0; cpu < 4; cpu++) simulation.start(cpu, holds(lock, 1, 30, 0));
    simulation.run(forever);
    return simulation.now;
  };
  expect(timeOf(false) - timeOf(true)).toBe((2 + 1 + 0) * 3);
});

describe("a flush of every TLB", () => {
  function* flushes(): Program {
    yield { flushBelow: 3 };
  }

  test("waits for each CPU in turn, longer for those that are idle", () => {
    const simulation = new Simulation(HARDWARE, 3);
    simulation.start(0, flushes());
    simulation.run(forever);
    const first = 10 + 40 + 20 + 2 * 100 + 1000;
    const second = 2 * 100 + 1000;
    expect(simulation.now).toBe(first + second + 100);
    expect({ sent: simulation.sent, answered: simulation.answered }).toEqual({ sent: 2, answered: 2 });
  });

  test("takes its time from the work of the CPUs that it interrupts, and leaves their TLBs empty", () => {
    const simulation = new Simulation(HARDWARE, 3);
    simulation.start(0, flushes());
    const ends: number[] = [];
    for (const cpu of [1, 2]) {
      simulation.start(
        cpu,
        (function* (): Program {
          yield { work: 5000, as: "work" };
          yield { work: 5000, as: "work" };
          ends.push(simulation.now);
        })(),
      );
    }
    simulation.run(forever);
    const first = 40 + 20 + 2 * 100;
    const second = first - 10 + 2 * 100;
    expect(ends).toEqual([5000 + first + 5 + 5000, 5000 + second + 5 + 5000]);
  });
});

test("A worker's work is taken from the program of its CPU", () => {
  const simulation = new Simulation(HARDWARE, 1);
  let end = 0;
  simulation.start(
    0,
    (function* (): Program {
      yield { work: 1000, as: "work" };
      end = simulation.now;
    })(),
  );
  simulation.startWorker(
    0,
    (function* (): Program {
      yield { work: 300, as: "worker" };
    })(),
  );
  simulation.run(forever);
  expect(end).toBe(1300);
});
