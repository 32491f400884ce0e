import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { historyIn } from "../../adapters/gather/history-file.ts";
import { kernelCalled } from "../../kernels/gather/index.ts";
import { gatherSpec } from "../../model/gather/after.ts";
import { type Command, isEnabled, type Response } from "../../spec/gather/commands.ts";
import { LAWS } from "../../spec/gather/laws/index.ts";
import { type Scope, tableOf } from "../../spec/gather/scope.ts";
import type { World } from "../../spec/gather/world.ts";
import { attribute } from "../attribution.ts";
import { released } from "./changed.ts";
import { BUGS } from "./index.ts";
import { INTERLEAVED } from "./interleavings.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Commands of each pinned history, in the order of `violations`: none is shorter in its scope (explore). */
const SHORTEST_KNOWN: Readonly<Record<string, readonly number[]>> = {
  "tlb-fast-mode": [2, 2, 5],
  "zap-range-wrong-half": [3, 3, 6],
  "gather-range-corner": [3, 3, 6],
  "zap-misses-last-page": [3, 3, 6],
  "table-outside-range": [3, 3],
  "madv-flush-miss": [4],
  "oom-reaper-fullmm": [3],
  "rcu-table-no-invalidate": [4, 4, 3, 4, 7, 8, 8],
  "s390-flushes-first": [6],
  "rcu-table-mm-users": [2, 3, 6, 3, 2, 3, 6],
  "force-flush-reset": [4],
  "hugetlb-unshare-noflush": [3],
  "pfnmap-unlink-before-flush": [5, 9],
  "collapse-lazy-cpu": [1, 2, 7],
  "ppc-hash-duplicate": [4, 3],
  "batches-unbounded": [3],
  "flush-of-nothing": [2],
  "gather-preempted": [5],
  "batch-kept": [5],
  "failed-batch-passed": [3],
  "rcu-ignores-irqs-off": [5],
};

interface Step {
  readonly before: World;
  readonly command: Command;
  readonly response: Response;
  readonly after: World;
  readonly violated: readonly string[];
}

type Played = NonNullable<ReturnType<typeof kernelCalled>>;

function play(kernel: Played, scope: Scope, commands: readonly Command[]): Step[] {
  const state = kernel.initial(scope);
  const spec = gatherSpec(kernel.release);
  let world = spec.initial(scope);
  return commands.map((command) => {
    const before = world;
    const response = kernel.act(state, command);
    const after = spec.after(before, command, response);
    if (after === undefined) throw new Error("the world ended");
    world = after;
    const violated = LAWS.filter((law) => !law.holds(before, command, response, after)).map(({ id }) => id);
    return { before, command, response, after, violated };
  });
}

/** The bug to which a violation is attributed. */
function nameOf(label: string, law: string, seen: Step): [label: string, slug: string | undefined] {
  return [label, attribute(BUGS, label, [{ id: law }], seen)[0]?.bug?.id];
}

const PINNED = BUGS.flatMap((bug) =>
  bug.violations.map((violation, nth) => ({ name: `${bug.id}, ${violation.pinned}`, bug, violation, nth })),
);

function kernelOf(label: string, changed: unknown): Played {
  const found = kernelCalled(label) ?? (changed as Played | undefined);
  if (found === undefined) throw new Error(`${label} is no kernel`);
  return found;
}

function pinnedOf({ bug, violation }: (typeof PINNED)[number]) {
  const path = `${FOLDER}${bug.id}/${violation.pinned}`;
  return historyIn(path, JSON.parse(readFileSync(path, "utf8")));
}

describe.each(PINNED)("$name", (pinned) => {
  const { bug, violation, nth } = pinned;
  const { scope, commands, law, kernel } = pinnedOf(pinned);

  test("Its last command violates its law on every kernel that has the bug, and is attributed to it", () => {
    expect([law, violation.on.includes(kernel)]).toEqual([violation.law, true]);
    for (const label of violation.on) {
      const steps = play(kernelOf(label, bug.changed), scope, commands);
      const last = steps.at(-1) as Step;
      expect([label, steps.findIndex(({ violated }) => violated.includes(violation.law))]).toEqual([
        label,
        commands.length - 1,
      ]);
      expect(nameOf(label, violation.law, last)).toEqual([label, bug.id]);
    }
  });

  test("The repaired kernel keeps all that it promises, and that law", () => {
    const repaired = violation.repaired as unknown as Played;
    const kept = [...repaired.promises, violation.law];
    const steps = play(repaired, scope, commands);
    expect(steps.flatMap(({ violated }) => violated.filter((id) => kept.includes(id)))).toEqual([]);
  });

  test("No command can be left out, and its length is the shortest known", () => {
    const on = kernelOf(violation.on[0] as string, bug.changed);
    expect(commands.length).toBe(SHORTEST_KNOWN[bug.id]?.[nth]);
    for (const dropped of commands.keys()) {
      const left = commands.filter((_command, index) => index !== dropped);
      const steps = play(on, scope, left);
      // Without a command its callers may break the rules: that is another history.
      const keepsRules = steps.every(({ before, command }) => isEnabled(before, command));
      const last = steps.at(-1);
      const isSame = last?.violated.includes(violation.law) && bug.explains({ law: violation.law, ...last });
      expect([dropped, keepsRules && isSame === true]).toEqual([dropped, false]);
    }
  });
});

describe("the catalogue", () => {
  test("s390-flushes-first explains a walk in 2.6.28 after the gather has finished, too", () => {
    const violation = PINNED.find(({ bug }) => bug.id === "s390-flushes-first");
    if (violation === undefined) throw new Error("it is in no list");
    const { scope, commands } = pinnedOf(violation);
    const end = { op: "finish", g: 0, start: 0, end: 2 ** 64 } as const;
    const steps = play(released("2.6.28-s390"), scope, commands.toSpliced(-1, 0, end));
    const last = steps.at(-1) as Step;
    const law = "freed-table-not-walked";
    expect([last.violated, last.before.gathers.size]).toEqual([[law], 0]);
    expect(nameOf("gather-2.6.28-s390", law, last)[1]).toBe("s390-flushes-first");
  });

  test("A walk of a freed table on s390 is attributed to no bug if no gather flushed first, or another flush came since", () => {
    const violation = PINNED.find(({ bug }) => bug.id === "s390-flushes-first");
    if (violation === undefined) throw new Error("it is in no list");
    const { scope, commands } = pinnedOf(violation);
    const good = released("2.6.28-s390");
    // Its CPUs keep their tables through every flush.
    const deaf: Played = {
      ...good,
      act: (state, command) =>
        command.op === "touch" && state.hardware.freedTables.has(tableOf(command.addr))
          ? { events: [], reached: { frame: undefined, by: "walk of a freed table" } }
          : good.act(state, command),
    };
    const law = "freed-table-not-walked";
    const begin = { op: "gather", g: 0, start: 0, end: 4096 } as const;
    const end = { op: "finish", g: 0, start: 0, end: 2 ** 64 } as const;
    const walked = (history: readonly Command[]) => {
      const steps = play(deaf, scope, history);
      const last = steps.at(-1) as Step;
      const flushes = steps.flatMap(({ response }) => response.events.filter(({ kind }) => kind === "flush"));
      const names = good.release.labels.concat("gather-3.1-s390").map((label) => nameOf(label, law, last)[1]);
      return [last.violated, last.before.uncovered.size, flushes.length, new Set(names)];
    };
    expect(walked(commands)).toEqual([[law], 0, 1, new Set(["s390-flushes-first"])]);
    const flushedLast = [{ op: "users", n: 2 } as const, begin, ...commands.slice(1, -1), end];
    expect(walked([...flushedLast, ...commands.slice(-1)])).toEqual([[law], 0, 1, new Set([undefined])]);
    const flushedAgain = [...commands.slice(0, -1), end, ...commands.slice(0, 1)];
    expect(walked([...flushedAgain, ...commands.slice(-1)])).toEqual([[law], 0, 2, new Set([undefined])]);
  });

  test("Every law is violated by a bug", () => {
    const violated = new Set(BUGS.flatMap(({ violations }) => violations.map(({ law }) => law)));
    expect(LAWS.map(({ id }) => id).filter((id) => !violated.has(id))).toEqual([]);
  });

  test("Every file beside a bug is pinned, no slug and no number is used twice", () => {
    for (const bug of BUGS) {
      const files = readdirSync(`${FOLDER}${bug.id}`).filter((name) => name.endsWith(".json"));
      const runs = INTERLEAVED.find(({ id }) => id === bug.id)?.violations ?? [];
      const pinned = [...bug.violations, ...runs].map((each) => each.pinned);
      expect(files.sort()).toEqual([...new Set(pinned)].sort());
    }
    const numbers = BUGS.flatMap(({ number }) => number ?? []);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(new Set(BUGS.map(({ id }) => id)).size).toBe(BUGS.length);
  });
});
