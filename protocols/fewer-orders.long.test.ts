/** Every protocol in a small scope violates the same laws with commuting steps in fewer orders as in all orders. */
import { describe, expect, test } from "vitest";
import { visitActions } from "../engine/actions.ts";
import { BOUNDS } from "../engine/bounds.testing.ts";
import { explore } from "../engine/search/explore.ts";
import { PROTOCOLS, STEP_PROTOCOLS } from "./index.ts";
import type { Protocol, StepProtocol } from "./protocol.ts";
import { lazyUnmap, lazyUnmapRules } from "./vmap/lazy-unmap.ts";

/** Less than half of the states of these is left. */
const HALVED = ["3.16", "4.4", "5.13", "6.5", "6.12"].map((release) => `blocks-${release}-repaired`);

/** The usual scope, or a smaller one if that is too large for a test. */
function scopeOf({ name, parameters }: Protocol): Record<string, number> {
  const usual = Object.fromEntries(Object.entries(parameters).map(([key, { usual: value }]) => [key, value]));
  return name === "locks-6.5" ? { ...usual, blocks: 1 } : usual;
}

function visited(
  { machine, delayed }: Protocol & Pick<StepProtocol, "delayed">,
  scope: Record<string, number>,
  fewer: boolean,
) {
  const made = fewer && delayed !== undefined ? delayed(scope) : machine(scope);
  const { states, violations, deadlocks, ended } = explore(
    visitActions(made, { symmetry: true, partialOrder: fewer }),
    { bounds: BOUNDS, enough: () => false },
  );
  expect(ended).toBe("fixpoint");
  return { states, laws: violations.map(({ law }) => law).sort(), stuck: deadlocks > 0 };
}

describe.each(PROTOCOLS.map((protocol) => ({ name: protocol.name, protocol })))("$name", ({ protocol }) => {
  test("violates the same laws in fewer orders, and has no more states", () => {
    const scope = scopeOf(protocol);
    const [all, fewer] = [visited(protocol, scope, false), visited(protocol, scope, true)];
    expect([fewer.laws, fewer.stuck]).toEqual([all.laws, all.stuck]);
    expect(fewer.states).toBeLessThanOrEqual(HALVED.includes(protocol.name) ? all.states / 2 : all.states);
  });
});

test("blocks-6.12-repaired has less than a third of its states left on three CPUs", () => {
  const protocol = STEP_PROTOCOLS.find(({ name }) => name === "blocks-6.12-repaired") as StepProtocol;
  const scope = { cpus: 3, blocks: 1, pages: 2 };
  const [all, fewer] = [visited(protocol, scope, false), visited(protocol, scope, true)];
  expect(fewer.states * 3).toBeLessThan(all.states);
});

test.each([
  { ...lazyUnmapRules, waitsForFlushes: false },
  { ...lazyUnmapRules, purgesAliases: false },
])("lazy-unmap with %j violates the same laws in fewer orders", (rules) => {
  const scope = { V: 2, F: 2, C: 2 };
  const protocol = { name: "broken", says: "", parameters: {}, machine: () => lazyUnmap(scope, rules) };
  const [all, fewer] = [visited(protocol, scope, false), visited(protocol, scope, true)];
  expect(all.laws).not.toEqual([]);
  expect(fewer.laws).toEqual(all.laws);
  expect(fewer.states).toBeLessThan(all.states);
});
