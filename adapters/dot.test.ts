import { describe, expect, test } from "vitest";
import { visitActions } from "../engine/actions.ts";
import { BOUNDS } from "../engine/bounds.testing.ts";
import type { PackedMachine } from "../engine/machine.ts";
import { counter, ring } from "../engine/machines.testing.ts";
import { explore } from "../engine/search/explore.ts";
import { dotText } from "./dot.ts";

/** The graph of a machine,explored past violations unless stated otherwise. */
function graph(packed: PackedMachine, enough = () => false): string {
  const machine = visitActions(packed, { symmetry: false });
  return dotText(machine, explore(machine, { bounds: BOUNDS, enough }), (state) => [`state "${state}"`]);
}

describe("a graph", () => {
  test("A graph has every state and edge", () => {
    const text = graph(ring(3, 1));
    expect(text.match(/s\d+ -> s\d+/g)).toEqual(["s0 -> s1", "s1 -> s2", "s2 -> s0"]);
    expect(text).toContain('s1 [label="state \\"1\\""]');
    expect(text).toContain('s2 -> s0 [label="from 2"]');
    expect(text).not.toMatch(/ends|red/);
  });

  test("A graph draws in red the edges that violate a law or lead to a state that does", () => {
    const red = graph(ring(4, 1, 2)).match(/.*color=red.*/g);
    expect(red).toEqual(['  s1 -> s2 [label="from 1", color=red];']);
  });

  test("A graph has a node for transitions that nothing follows", () => {
    const text = graph(counter(2, 2));
    expect(text).toContain('  ends [label="", shape=point];');
    expect(text.match(/.*-> ends.*/g)).toEqual([
      '  s0 -> ends [label="add 2", color=red];',
      '  s1 -> ends [label="add 1", color=red];',
    ]);
  });

  test("A graph with too many states to read is refused", () => {
    expect(() => graph(ring(14, 7))).toThrow("3432 states are too many to draw");
  });

  test("A graph is refused if states were left unvisited", () => {
    expect(() => graph(ring(6, 2, 3), () => true)).toThrow(RangeError);
  });
});
