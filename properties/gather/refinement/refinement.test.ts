/**
 * The step grain of gather compared with its call grain: a protocol that describes a release, run on one CPU without
 * interruption, flushes, waits and frees in the order in which the kernel of that release does, which its recordings
 * confirm.
 */
import { describe, expect, test } from "vitest";
import { isEnabled } from "../../../engine/machine.ts";
import type { GatherKernel } from "../../../kernels/gather/gather-kernel.ts";
import { KERNELS } from "../../../kernels/gather/index.ts";
import { STEP_PROTOCOLS } from "../../../protocols/gather/index.ts";
import type { StepAction, StepMachine } from "../../../protocols/program.ts";
import type { Command } from "../../../spec/gather/commands.ts";
import type { Event } from "../../../spec/gather/response.ts";
import { numbers, pagesOf, type Scope, SMALL } from "../../../spec/gather/scope.ts";
import type { Arch } from "../../../spec/gather/vocabulary.ts";

/** What both grains show of a call. */
type Act = "flush" | "free pages" | "free table" | "grace period" | "IPI" | "hash" | "unlink";

function kernelOf(label: string): GatherKernel {
  const found = KERNELS.find(({ name }) => name === `gather-${label}`);
  if (found === undefined) throw new Error(`no kernel of ${label}`);
  return found;
}

interface Asked {
  readonly arch?: Arch;
  readonly cpus?: number;
  readonly tables?: "rcu" | "page";
  readonly commands: readonly Command[];
}

const ACTS: Readonly<Partial<Record<Event["kind"], Act>>> = {
  flush: "flush",
  pages: "free pages",
  page: "free pages",
  tableFree: "free table",
  ipi: "IPI",
  callRcu: "grace period",
  callRcuTable: "grace period",
  hashPage: "hash",
  hashRange: "hash",
};

/** What the kernel of a label does, call after call. A table's page among others is the table. */
function kernelActs(label: string, { arch = "x86", cpus = 2, tables = "rcu", commands }: Asked): Act[] {
  const kernel = kernelOf(label);
  const scope: Scope = {
    name: "refinement",
    arch,
    cpus,
    tables,
    limits: SMALL,
    pages: pagesOf(2),
    frames: numbers(2),
    tableIds: [0],
    slots: 2,
    calls: [],
  };
  const state = kernel.initial(scope);
  const events = commands.flatMap((command) => kernel.act(state, command).events);
  const acts = events.flatMap((event) => ACTS[event.kind] ?? []);
  return merged(tables === "page" ? acts.map((act) => (act === "free pages" ? "free table" : act)) : acts);
}

/** Pages that are freed one by one are freed together here. */
const merged = (acts: readonly Act[]): Act[] => acts.filter((act, nth) => act !== acts[nth - 1]);

/** What a protocol's step is, by its words. */
function actOf({ at = "", says }: StepAction): Act[] {
  if (/^(all have flushed|broadcast)/.test(says) || /flushes on all CPUs/.test(says)) return ["flush"];
  if (/all have taken it/.test(says)) return [/IPI: all CPUs/.test(at) ? "IPI" : "flush"];
  if (/callback frees the table|frees the table; returns/.test(says)) return ["free table"];
  if (/call_rcu/.test(says)) return ["grace period"];
  return [];
}

function machineOf(name: string, scope: Readonly<Record<string, number>>): StepMachine {
  const protocol = STEP_PROTOCOLS.find((each) => each.name === name);
  if (protocol === undefined) throw new Error(`no protocol ${name}`);
  return protocol.machine(scope);
}

/** Takes the one step with these words, or any that is enabled, until the lane is idle; with interrupts as they come. */
function run(
  machine: StepMachine,
  state: Int32Array,
  lane: string,
  begin: string,
  changes: (before: Int32Array, after: Int32Array, action: StepAction) => readonly Act[],
): Act[] {
  const acts: Act[] = [];
  const take = (action: StepAction) => {
    const before = state.slice();
    action.effect(state);
    acts.push(...changes(before, state, action));
  };
  const first = machine.actions.find(
    (each) => each.lane === lane && each.says.includes(begin) && isEnabled(each, state),
  );
  if (first === undefined) throw new Error(`${machine.name}: ${lane} cannot begin: ${begin}`);
  take(first);
  for (let steps = 0; steps < 100; steps++) {
    const enabled = machine.actions.filter((each) => isEnabled(each, state));
    const own = enabled.find(({ agent, at }) => agent === lane && at !== undefined && at !== "idle");
    const forced = enabled.find(({ agent = "" }) => /^(interrupts|RCU)/.test(agent));
    const next = forced ?? own;
    if (next === undefined) return acts;
    take(next);
  }
  throw new Error(`${machine.name}: ${begin} does not return`);
}

const fieldNamed = (machine: StepMachine, name: string) => {
  const field = machine.layout.fields.find((each) => each.name === name);
  if (field === undefined) throw new Error(`${machine.name}: no field ${name}`);
  return field;
};

/** A zap by task 0: with a page mapped or none, and with another gather open or none. */
function zapActs(order: string, cpus: number, hasPage: boolean, isNested: boolean): Act[] {
  const machine = machineOf(`zaps-${order}`, { cpus, tasks: 2, pages: 1, preempts: 1 });
  const state = new Int32Array(machine.words);
  machine.initial(state);
  fieldNamed(machine, "place of task 0").set(state, 1);
  if (!hasPage) fieldNamed(machine, "ptes").set(state, 0);
  if (isNested) fieldNamed(machine, "open gathers").set(state, 1);
  const freed = fieldNamed(machine, "freed pages");
  return run(machine, state, "task 0", "madvise", (before, after, action) => [
    ...actOf(action),
    ...(freed.get(after) !== freed.get(before) ? (["free pages"] as const) : []),
  ]);
}

const zapOf = (hasPage: boolean, isNested: boolean): Command[] => [
  ...(isNested ? [{ op: "pending", delta: 1 } as const] : []),
  { op: "gather", g: 0, start: 0, end: 4096 },
  ...(hasPage ? [{ op: "zap", g: 0, addr: 0, n: 1, pfn: 0 } as const] : []),
  { op: "finish", g: 0, start: 0, end: 4096 },
];

describe("zaps", () => {
  const ORDERS: Readonly<Record<string, readonly string[]>> = {
    "2.6.39": ["2.6.28", "2.6.39"],
    "3.0": ["3.0.66", "3.1", "3.9.6"],
    "3.10": ["3.10.4", "3.16", "4.4"],
    "4.15": [
      "4.15",
      "4.15.18",
      "4.19",
      "5.2.1",
      "5.4.18",
      "5.11",
      "5.17",
      "6.1.10",
      "6.8",
      "6.12",
      "6.19.10",
    ],
  };
  const CASES = Object.entries(ORDERS).flatMap(([order, labels]) =>
    labels.flatMap((label) =>
      [1, 2].flatMap((cpus) => [true, false].map((hasPage) => ({ order, label, cpus, hasPage }))),
    ),
  );

  test.each(CASES)(
    "zaps-$order, alone on $cpus CPUs, page mapped: $hasPage, flushes and frees as the kernel of $label",
    ({ order, label, cpus, hasPage }) => {
      const acts = zapActs(order, cpus, hasPage, false);
      expect(kernelActs(label, { cpus, commands: zapOf(hasPage, false) })).toEqual(acts);
      if (hasPage) expect(acts.toSorted()).toEqual(["flush", "free pages"]);
    },
  );

  test.each(CASES.filter(({ cpus }) => cpus === 2))(
    "zaps-$order beside an open gather, page mapped: $hasPage, flushes as the kernel of $label",
    ({ order, label, hasPage }) => {
      expect(kernelActs(label, { commands: zapOf(hasPage, true) })).toEqual(zapActs(order, 2, hasPage, true));
    },
  );

  test("An order beside the kernel of another release is seen to differ", () => {
    expect(kernelActs("3.10.4", { cpus: 1, commands: zapOf(true, false) })).not.toEqual(
      zapActs("3.0", 1, true, false),
    );
    expect(kernelActs("4.15", { commands: zapOf(false, true) })).not.toEqual(zapActs("3.10", 2, false, true));
  });
});

/** The ways of a tables order, by the words with which each begins. */
function tableActs(order: string, begin: string, isAlone: boolean): Act[] {
  const machine = machineOf(`tables-${order}`, { cpus: 2, remote: 0 });
  const state = new Int32Array(machine.words);
  machine.initial(state);
  if (!isAlone) {
    const second = machine.actions.find(
      (each) => each.name === "CPU 1, runs a task of the mm" && isEnabled(each, state),
    );
    second?.effect(state);
  }
  return run(machine, state, "CPU 0", begin, (_before, _after, action) => actOf(action));
}

const FREE: Command = { op: "freeTable", g: 0, level: "pte", id: 0, addr: 0 };
const tableOf = (users: number, ...between: readonly Command[]): Command[] => [
  { op: "users", n: users },
  { op: "gather", g: 0, start: 0, end: 4096 },
  ...between,
  FREE,
  { op: "finish", g: 0, start: 0, end: 4096 },
  { op: "rcuRun" },
];
const NO_BATCH: Command = { op: "failAlloc", n: 1 };
/** Up to the free of the table: what the gather does for its pages afterwards is another matter. */
const toTheFree = (acts: readonly Act[]): Act[] => acts.slice(0, acts.indexOf("free table") + 1);

describe("tables", () => {
  const shared = { isAlone: false, users: 2 } as const;
  const alone = { isAlone: true, users: 1 } as const;
  const INVALIDATING = [
    "4.15.18",
    "4.19",
    "5.2.1",
    "5.4.18",
    "5.11",
    "5.17",
    "6.1.10",
    "6.8",
    "6.12",
    "6.19.10",
  ];
  const CASES = [
    { order: "2.6.28", label: "2.6.28", tables: "page", begin: "gathers its page", ...shared },
    { order: "2.6.28", label: "2.6.39", tables: "page", begin: "gathers its page", ...shared },
    ...["2.6.28-ppc64", "3.1-ppc64"].flatMap((label) => [
      {
        order: label === "3.1-ppc64" ? "3.0-powerpc" : "2.6.28-powerpc",
        label,
        begin: "mm_users < 2",
        ...alone,
      },
      {
        order: label === "3.1-ppc64" ? "3.0-powerpc" : "2.6.28-powerpc",
        label,
        begin: "on a batch",
        ...shared,
      },
      {
        order: label === "3.1-ppc64" ? "3.0-powerpc" : "2.6.28-powerpc",
        label,
        begin: "no batch",
        ...shared,
      },
    ]),
    { order: "2.6.28-s390", label: "2.6.28-s390", begin: "fullmm", ...alone },
    { order: "2.6.28-s390", label: "2.6.28-s390", begin: "gathers it", ...shared },
    { order: "4.15", label: "4.15", begin: "mm_users < 2", ...alone },
    { order: "4.15", label: "4.15", begin: "on a batch", ...shared },
    { order: "4.15", label: "4.15", begin: "no batch", ...shared },
    {
      order: "4.15-without-shortcut",
      label: "4.15.18",
      arch: "gen" as const,
      begin: "on a batch",
      ...shared,
    },
    { order: "4.15-without-shortcut", label: "4.15.18", arch: "gen" as const, begin: "no batch", ...shared },
    ...INVALIDATING.flatMap((label) => [
      { order: "4.19", label, begin: "on a batch", ...shared },
      { order: "4.19", label, begin: "no batch", ...shared },
      { order: "4.19", label, begin: "on a batch", ...alone },
    ]),
  ].map((each) => ({ tables: "rcu", ...each }));

  test.each(CASES)(
    "tables-$order frees a table as the kernel of $label: $begin, $users users",
    ({ order, label, begin, isAlone, users, tables, ...rest }) => {
      const arch = label.endsWith("ppc64") ? "ppc64" : label.endsWith("s390") ? "s390" : "x86";
      const commands = tableOf(users, ...(begin === "no batch" ? [NO_BATCH] : []));
      const kernel = kernelActs(label, { arch, ...rest, tables: tables as "rcu" | "page", commands });
      const acts = tableActs(order, begin, isAlone);
      expect(toTheFree(kernel)).toEqual(acts);
      expect(acts.at(-1)).toBe("free table");
    },
  );

  test("An order beside the kernel of another release is seen to differ", () => {
    const noBatch = kernelActs("4.19", { commands: tableOf(2, NO_BATCH) });
    expect(toTheFree(noBatch)).not.toEqual(tableActs("4.15", "no batch", false));
  });
});

describe("other protocols that describe a recorded release", () => {
  test.each(["5.17", "6.1.10"])(
    "pfnmaps unlinks a vma of frames before or after its flush as %s",
    (label) => {
      const order = label === "5.17" ? "5.18" : "5.19";
      const machine = machineOf(`pfnmaps-${order}`, { cpus: 1 });
      const state = new Int32Array(machine.words);
      machine.initial(state);
      const acts = run(machine, state, "CPU 0", "munmap", (_before, _after, action) =>
        action.says.startsWith("unlinks") ? ["unlink"] : actOf(action),
      );
      const kernel = kernelOf(label);
      const before: readonly Command[] = [
        { op: "gather", g: 0, start: 0, end: 4096 },
        { op: "startVma", g: 0, start: 0, end: 4096, pfnmap: true },
        { op: "removeEntry", g: 0, level: "pte", addr: 0 },
        { op: "endVma", g: 0 },
      ];
      const after: readonly Command[] = [{ op: "finish", g: 0, start: 0, end: 4096 }];
      const [first, all] = [before, [...before, ...after]].map((commands) =>
        kernelActs(kernel.name.replace("gather-", ""), { commands }),
      ) as [Act[], Act[]];
      expect([...first, "unlink", ...all.slice(first.length)]).toEqual(acts);
    },
  );

  test.each(["2.6.28-ppc64", "3.1-ppc64"])("hashes invalidate when lazy mode is left, as %s", (label) => {
    const machine = machineOf("hashes-2.6.28", { cpus: 1, tasks: 1, preempts: 1 });
    const acts = (begin: string) => {
      const state = new Int32Array(machine.words);
      machine.initial(state);
      fieldNamed(machine, "place of task 0").set(state, 1);
      fieldNamed(machine, "is hashed").set(state, 1);
      const entries = fieldNamed(machine, "hash entries");
      entries.set(state, 1);
      const where: string[] = [];
      run(machine, state, "task 0", begin, (from, to, action) => {
        if (entries.get(from) !== entries.get(to)) where.push(action.at ?? "");
        return [];
      });
      return where;
    };
    const of = (...commands: readonly Command[]) => kernelActs(label, { arch: "ppc64", commands });
    const [enter, clear, leave]: Command[] = [
      { op: "lazy", g: 0, on: true },
      { op: "hpte", g: 0, addr: 0 },
      { op: "lazy", g: 0 },
    ] as Command[];
    expect(of(enter as Command, clear as Command)).toEqual([]);
    expect(of(enter as Command, clear as Command, leave as Command)).toEqual(["hash"]);
    expect(acts("unmaps: takes")).toEqual(["arch_leave_lazy_mmu_mode"]);
    expect(of(clear as Command)).toEqual(["hash"]);
    expect(acts("unmaps without lazy mode")).toEqual(["idle"]);
  });

  test("tables-6.16-unshare flushes and then waits for walkers, as 6.19.10", () => {
    const commands: Command[] = [
      { op: "gather", g: 0, start: 0, end: 4096 },
      { op: "unshare", g: 0, id: 0, shares: 1, addr: 0 },
      { op: "flushUnshared", g: 0 },
    ];
    const acts = tableActs("6.16-unshare", "huge_pmd_unshare", false);
    expect([...kernelActs("6.19.10", { commands }), "free table"]).toEqual(acts);
  });
});
