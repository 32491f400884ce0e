/** Under weak fairness: what began ends, in every order of every family whose locks are held for one step. */
import { describe, expect, test } from "vitest";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { findLassos } from "../../engine/live/liveness.ts";
import { STEP_PROTOCOLS } from "./index.ts";

/** The conditions that do not end, by protocol. */
const LAST: Readonly<Record<string, readonly string[]>> = {
  "truncate-2.6.37": ["walk-ends-0", "walk-ends-1"],
  "waiting-spinlock": [
    "waiter-gets-the-lock-0",
    "other-task-runs-0",
    "waiter-gets-the-lock-1",
    "other-task-runs-1",
  ],
  "holders-spinlock-preemptible": [0, 1, 2].flatMap((task) => [
    `holder-releases-${task}`,
    `task-gets-a-cpu-${task}`,
  ]),
  "waiting-mutex": ["waiter-gets-the-lock-0", "waiter-gets-the-lock-1"],
};

const scopeOf = ({ parameters }: (typeof STEP_PROTOCOLS)[number]) =>
  Object.fromEntries(
    Object.entries(parameters).map(([key, { usual }]) => [key, key === "preempts" ? 0 : usual]),
  );
const machines = STEP_PROTOCOLS.map((protocol) => protocol.machine(scopeOf(protocol))).filter(
  ({ eventuallyEnds }) => eventuallyEnds !== undefined,
);

describe.each(machines.map((machine) => ({ name: machine.name, machine })))("$name", ({ name, machine }) => {
  test(`In ${name} what began ends, but for what the catalogue has`, () => {
    const { ended, lasted } = findLassos(machine, BOUNDS);
    expect(ended).toBe("fixpoint");
    const last = lasted.filter(({ verdict }) => verdict === "broken").map(({ id }) => id);
    expect(last).toEqual(LAST[name] ?? []);
  });
});
