/** States of every protocol and of kernels in words. */
import { describe, expect, test } from "vitest";
import { itfText } from "../../adapters/itf.ts";
import { isEnabled } from "../../engine/machine.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import { KERNEL_PARAMETERS, scopeOf } from "../../properties/vmap/spaces.ts";
import { PROTOCOLS } from "../../protocols/index.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import { placesText } from "./kernel-state.ts";
import { changedFields, variablesOf } from "./state.ts";

/** Every name in a value. */
const namesIn = (value: unknown): string[] =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? []
    : Object.entries(value).flatMap(([name, each]) => [name, ...namesIn(each)]);

/** A machine with the usual parameters, at its beginning and after each of its first steps. */
function walk(protocol: (typeof PROTOCOLS)[number]) {
  const usual = Object.fromEntries(
    Object.entries(protocol.parameters).map(([name, parameter]) => [name, parameter.usual]),
  );
  const machine = protocol.machine(usual);
  const state = new Int32Array(machine.words);
  machine.initial(state);
  const states = [state.slice()];
  for (let step = 0; step < 20; step++) {
    const action = machine.actions.find((each) => isEnabled(each, state));
    action?.effect(state);
    states.push(state.slice());
  }
  return { machine, states };
}

describe.each(PROTOCOLS.map((protocol) => ({ name: protocol.name, protocol })))("$name", ({ protocol }) => {
  const { machine, states } = walk(protocol);
  const { layout } = machine;

  test("is written with names that Quint and Apalache read", () => {
    const variables = states.map((state) => ({ action: "step", variables: variablesOf(layout, state) }));
    const trace = JSON.parse(itfText(protocol.name, "a run", variables));
    const names = [...trace.vars, ...trace.states.flatMap(namesIn)];
    for (const name of names.filter((each) => !["#meta", "index", "#bigint"].includes(each)))
      expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
    expect(new Set(trace.vars).size).toBe(trace.vars.length);
  });

  test("has phases and lives by their names", () => {
    const fields = layout.fields.filter(({ name }) =>
      /^(phase|life|area(?! waits)|memory|used)\b/.test(name),
    );
    expect(fields.length).toBeGreaterThan(0);
    for (const field of fields)
      for (const state of states) expect(layout.read(field, state)).toEqual(expect.stringMatching(/[a-z]/));
  });

  test("is labelled by the fields changed since the initial state", () => {
    const initial = states[0] as Int32Array;
    expect(changedFields(layout, initial, initial)).toEqual(["as at the beginning"]);
    const labels = changedFields(layout, states[1] as Int32Array, initial);
    for (const line of labels) expect(line).toMatch(/^[a-z].*: \S/);
  });
});

test("adjacent pages of the same contents are one extent", () => {
  const lazy = PROTOCOLS.find(({ name }) => name === "lazy-unmap") as (typeof PROTOCOLS)[number];
  const { machine } = walk(lazy);
  const [state, initial] = [new Int32Array(machine.words), new Int32Array(machine.words)];
  for (const name of ["map 0, 1", "map 1, 1"])
    machine.actions.find((each) => each.name === name)?.effect(state);
  expect(changedFields(machine.layout, state, initial)).toEqual([
    "area [0,2): live",
    "pte [0,2): frame 1",
    "frame of frame 1: used",
  ]);
});

test("a kernel's areas, blocks, PTEs, TLBs and pools are extents", () => {
  const usual = Object.fromEntries(
    Object.entries(KERNEL_PARAMETERS).map(([name, { usual: value }]) => [name, value]),
  );
  const scope = scopeOf({ ...usual, pages: 8, block: 4, cpus: 2 });
  const { vstart, vend } = scope.vmalloc;
  const state = linux("6.12").initial(scope);
  const spec = vmapSpec(linux("6.12").release);
  let world = spec.initial(scope);
  const commands: Command[] = [
    { op: "alloc", size: 2, align: 4096, vstart, vend, map: true },
    { op: "mapRam", cpu: 0, count: 2 },
    { op: "touch", cpu: 1, page: vstart },
    { op: "free", start: vstart },
  ];
  expect(placesText(world, linux("6.12").dump(state))).toEqual(["empty"]);
  for (const command of commands)
    world = spec.after(world, command, linux("6.12").act(state, command)) as typeof world;
  expect(placesText(world, linux("6.12").dump(state))).toEqual([
    "area [16,18) lazy",
    "block [20,24) of CPU 0: mapped [20,22)",
    "PTEs [20,22)",
    "CPU 1 translates [16,17)",
  ]);
});
