import { describe, expect, test } from "vitest";
import { identifier, itfText } from "./itf.ts";

describe("an ITF trace", () => {
  const text = itfText("a machine", "a run", [
    {
      action: "init",
      variables: { "purge lock": "none", pages: [0, 1], "at CPU 0": { "TLB 0": -1, on: true } },
    },
    {
      action: "CPU 0, go",
      variables: { "purge lock": "CPU 0", pages: [], "at CPU 0": { "TLB 0": 7, on: false } },
    },
  ]);
  const trace = JSON.parse(text);

  test("An ITF trace has whole numbers as strings, and everything else as it is", () => {
    expect(trace.states[1]).toEqual({
      "#meta": { index: 1 },
      purge_lock: "CPU 0",
      pages: [],
      at_CPU_0: { TLB_0: { "#bigint": "7" }, on: false },
      actionTaken: "CPU 0, go",
    });
    expect(trace.states[0].at_CPU_0.TLB_0).toEqual({ "#bigint": "-1" });
  });

  test("An ITF trace lists its variables, which every state has and no other", () => {
    expect(trace["#meta"]).toMatchObject({ format: "ITF", source: "a machine", description: "a run" });
    expect(trace.vars).toEqual(["purge_lock", "pages", "at_CPU_0", "actionTaken"]);
    for (const state of trace.states) expect(Object.keys(state)).toEqual(["#meta", ...trace.vars]);
  });

  test("An ITF trace is refused if two variables would have one name", () => {
    const variables = { "live 0": 1, live_0: 2 };
    expect(() => itfText("a", "b", [{ action: "init", variables }])).toThrow("live_0");
    expect(() =>
      itfText("a", "b", [{ action: "init", variables: { "action taken": 1, actionTaken: 2 } }]),
    ).toThrow("actionTaken");
  });
});

test.each([
  ["live 0", "live_0"],
  ["entry 0,1", "entry_0_1"],
  ["TLB 0", "TLB_0"],
  ["0 pages", "_0_pages"],
  ["", "_"],
  ["mbt::actionTaken", "mbt_actionTaken"],
])("%j is the identifier %s", (name, id) => {
  expect(identifier(name)).toBe(id);
});
