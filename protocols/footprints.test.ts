/** Footprints follow from operations; an operation by a function has to name the fields that it reads and writes. */
import { expect, test } from "vitest";
import { visitActions } from "../engine/actions.ts";
import { BOUNDS, quickly } from "../engine/bounds.testing.ts";
import type { Action, PackedMachine } from "../engine/machine.ts";
import { failedIn, isEnabled } from "../engine/machine.ts";
import { actionOf, does, sets } from "../engine/operations.ts";
import { explore } from "../engine/search/explore.ts";
import { type Field, type Layout, valuesOf } from "../engine/search/layout.ts";
import { PROTOCOLS } from "./index.ts";
import { lazyUnmap } from "./vmap/lazy-unmap.ts";

/** How many of the reachable states are tried. */
const MOST = 3000;
const SAMPLE = quickly(40);

type Machine = PackedMachine & { readonly layout: Layout };

/**
 * The errors of the footprints, as far as some states show them: a field that changes without being named as written,
 * or that is read without being named. Each is reported once.
 */
function wrongFootprints(machine: Machine): string[] {
  const { reached } = explore(visitActions(machine, { symmetry: false }), {
    bounds: { ...BOUNDS, states: MOST },
    enough: () => false,
  });
  const state = new Int32Array(machine.words);
  const wrong = new Set<string>();
  const stride = Math.max(1, Math.floor(reached.count / SAMPLE));
  for (let number = 0; number < reached.count; number += stride) {
    reached.read(number, state);
    for (const action of machine.actions) {
      for (const field of undeclared(machine, action, state)) wrong.add(`${action.name}: ${field}`);
    }
  }
  return [...wrong];
}

function undeclared({ layout }: Machine, action: Action, state: Int32Array): string[] {
  const { reads, writes } = action.footprint ?? { reads: [], writes: [] };
  const isRead = new Set([...reads, ...action.when.map(({ field }) => field)]);
  const isWritten = new Set(writes);
  const usual = outcome(action, state);
  const wrong: string[] = [];
  for (const field of layout.fields) {
    const was = field.get(state);
    if (usual.after !== undefined && field.get(usual.after) !== was && !isWritten.has(field)) {
      wrong.push(`writes ${field.name}`);
    }
    if (isRead.has(field)) continue;
    const changed = state.slice();
    field.set(changed, (was + 1) % valuesOf(field.meaning));
    if (!isAlike(usual, outcome(action, changed), field, field.get(changed), isWritten.has(field))) {
      wrong.push(`reads ${field.name}`);
    }
  }
  return wrong;
}

interface Outcome {
  readonly failed: string;
  /** Undefined if it cannot be taken. */
  readonly after: Int32Array | undefined;
}

function outcome(action: Action, state: Int32Array): Outcome {
  if (!isEnabled(action, state)) return { failed: "", after: undefined };
  const after = state.slice();
  action.effect(after);
  return { failed: failedIn(action, state).join(), after };
}

/**
 * Whether two outcomes differ only in a field whose value was different before: it keeps its value or, if it is
 * written, gets the written one.
 */
function isAlike(usual: Outcome, other: Outcome, field: Field, before: number, isWritten: boolean): boolean {
  if (usual.failed !== other.failed) return false;
  if (usual.after === undefined || other.after === undefined) return usual.after === other.after;
  const [given, is] = [field.get(usual.after), field.get(other.after)];
  if (is !== before && !(isWritten && is === given)) return false;
  const after = other.after.slice();
  field.set(after, given);
  return after.every((word, at) => word === usual.after?.[at]);
}

const usual = ({ parameters }: (typeof PROTOCOLS)[number]) =>
  Object.fromEntries(
    Object.entries(parameters).map(([key, each]) => [key, key === "blocks" ? 2 : each.usual]),
  );

test.each(PROTOCOLS)("every step of $name reads and writes what it says", (protocol) => {
  expect(wrongFootprints(protocol.machine(usual(protocol)))).toEqual([]);
});

test("a function that reads or writes more than it names is detected", () => {
  const machine = lazyUnmap({ V: 2, F: 1, C: 1 });
  const [life, other] = machine.layout.fields as [Field, Field];
  const forgetful = (reads: Field[], writes: Field[]) =>
    actionOf({
      name: "forgetful",
      does: does("", { reads, writes }, (state) => life.set(state, other.get(state))),
    });
  const wrong = (action: Action) => wrongFootprints({ ...machine, actions: [action, ...machine.actions] });
  expect(wrong(forgetful([], [life]))).toEqual([`forgetful: reads ${other.name}`]);
  expect(wrong(forgetful([other], []))).toContain(`forgetful: writes ${life.name}`);
  expect(wrong(actionOf({ name: "right", does: sets(life, other) }))).toEqual([]);
});
