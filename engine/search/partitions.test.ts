/** A search by partitions visits what the local search visits, in whatever order its tasks are done, and however often. */
import { describe, expect, test } from "vitest";
import { explore } from "./explore.ts";
import { type Given, machineOf } from "./parallel.testing.ts";
import { Expander, initialFound, Mirror, Partition, SearchTooLarge } from "./partitions.ts";
import { noFindings } from "./search.ts";
import type { Findings, Visitable } from "./visitable.ts";

const PARTITIONS = 4;

/** A search in this process: each chunk is expanded by two workers, one of which is counted. */
function searched(machine: Visitable, most: number) {
  const workers = [0, 1].map(() => new Expander(machine, PARTITIONS));
  const parts = Array.from({ length: PARTITIONS }, () => new Partition(machine, PARTITIONS));
  const mirror = machine.restoresByRun === true ? new Mirror(PARTITIONS) : undefined;
  const findings = noFindings(machine);
  let waiting: Int32Array[][] = parts.map(() => []);
  const { partition, found } = initialFound(machine, PARTITIONS);
  waiting[partition]?.push(found);
  const levels: number[] = [];
  for (let level = 0; ; level++) {
    const starts = parts.map(({ count }) => count);
    for (const [nth, part] of parts.entries()) {
      for (const each of waiting[nth] ?? []) part.add(each, level, findings);
      mirror?.add(nth, part.since(starts[nth] as number));
    }
    const added = parts.map(({ count }, nth) => count - (starts[nth] as number));
    const states = added.reduce((sum, each) => sum + each);
    if (states === 0) return { findings, levels, parts };
    levels.push(states);
    waiting = parts.map(() => []);
    // The last chunks first: no result depends on the order.
    for (let nth = PARTITIONS - 1; nth >= 0; nth--) {
      const part = parts[nth] as Partition;
      for (let from = starts[nth] as number; from < part.count; from += most) {
        const forms = part.since(from).forms.slice(0, most * machine.words);
        for (const [worker, expander] of workers.entries()) {
          const own = expander.expand({ partition: nth, from, forms }, level, mirror);
          for (const [into, rows] of own.found.entries())
            if (rows.length > 0) waiting[into]?.push(rows.slice());
          if (worker === level % 2) addCounts(findings, own.findings);
        }
      }
    }
  }
}

function addCounts(all: Findings, some: Findings): void {
  all.edges += some.edges;
  all.deadlocks += some.deadlocks;
  for (const [action, times] of some.fired.entries())
    all.fired[action] = (all.fired[action] as number) + times;
  for (const [law, first] of some.first.entries()) all.first[law] ??= first;
}

describe("A search by partitions", () => {
  test.each<[Given, number]>([
    [{ name: "ring", numbers: [12, 6] }, 64],
    [{ name: "ring", numbers: [12, 6] }, 1],
    [{ name: "ring", numbers: [10, 5, 3] }, 7],
    [{ name: "pairs of words", numbers: [10, 5] }, 16],
    [{ name: "wide ring", numbers: [10, 5] }, 16],
    [{ name: "counter", numbers: [300, 200] }, 2],
    [{ name: "live ring", numbers: [10, 5] }, 16],
    [{ name: "live ring", numbers: [10, 5, 3] }, 3],
    [{ name: "live counter", numbers: [300, 200] }, 2],
  ])("of %j in chunks of %i has the counts and the shortest violations of the local one", (given, most) => {
    const local = explore(machineOf(given), { bounds: { states: 1e6, bytes: 1e9 }, enough: () => false });
    const { findings, levels, parts } = searched(machineOf(given), most);
    expect({
      states: levels.reduce((sum, each) => sum + each),
      edges: findings.edges,
      depth: levels.length - 1,
      deadlocks: findings.deadlocks,
      fired: [...findings.fired],
    }).toEqual({
      states: local.states,
      edges: local.edges,
      depth: local.depth,
      deadlocks: local.deadlocks,
      fired: [...local.fired],
    });
    const lengths = machineOf(given).laws.map(
      ({ id }) => local.violations.find(({ law }) => law === id)?.run.length,
    );
    expect(findings.first.map((first) => first?.length)).toEqual(lengths);
    // Every partition has some, so that rows did go from one to another.
    if (local.states > 100) expect(parts.every(({ count }) => count > 0)).toBe(true);
  });

  test("is sent a state once by an expander that finds it twice in a row", () => {
    const machine = machineOf({ name: "ring", numbers: [10, 5] });
    const expander = new Expander(machine, 1);
    const form = initialFound(machine, 1).found.slice(2, 2 + machine.words);
    const first = expander.expand({ partition: 0, from: 0, forms: form }, 0).found[0]?.length ?? 0;
    const again = expander.expand({ partition: 0, from: 0, forms: form }, 0).found[0]?.length ?? 0;
    expect([first > 0, again]).toEqual([true, 0]);
  });

  test("has no more states in a partition than can be numbered", () => {
    const machine = machineOf({ name: "ring", numbers: [10, 5] });
    const { words } = machine;
    const partition = new Partition(machine, 2 ** 30);
    partition.addKnown(Int32Array.from({ length: 2 * words }, (_none, word) => word));
    expect(partition.count).toBe(2);
    expect(() => partition.addKnown(new Int32Array(words).fill(-1))).toThrow(SearchTooLarge);
  });
});
