import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { attribute } from "../../counterexamples/attribution.ts";
import { BUGS } from "../../counterexamples/gather/index.ts";
import type { GatherKernel } from "../../kernels/gather/gather-kernel.ts";
import { KERNELS, kernelCalled } from "../../kernels/gather/index.ts";
import { gatherSpec } from "../../model/gather/after.ts";
import type { LawId } from "../../spec/contract.ts";
import { archOf, isOwnArch, PREFIX } from "../../spec/gather/bibliography.ts";
import { type Command, recordOf } from "../../spec/gather/commands.ts";
import { LAWS, lawsCalled } from "../../spec/gather/laws/index.ts";
import { ALL_LABELS, promisesCalled } from "../../spec/gather/releases.ts";
import { TINY } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { JudgedReply } from "../../spec/wing.ts";
import { judgeReplies } from "./judge-recording.ts";
import { type Exchange, readRecording, type Trace } from "./recording.ts";

type Judged = JudgedReply<GatherTerms>;

const FOLDER = fileURLToPath(new URL("./recordings/", import.meta.url));

async function tracesOf(label: string, take: (trace: Trace) => boolean = () => true): Promise<Trace[]> {
  const traces: Trace[] = [];
  for await (const trace of readRecording(`${FOLDER}${label.replace(PREFIX, "")}.jsonl.gz`))
    if (take(trace)) traces.push(trace);
  return traces;
}

/** The replies of some traces that violate a law, their callers' faults left out. */
function violationsIn(label: string, traces: readonly Trace[]): Judged[] {
  const promises = promisesCalled(label);
  return traces.flatMap((trace) =>
    [...judgeReplies(gatherSpec(promises), lawsCalled(promises.laws), trace)].filter(
      ({ laws }) => laws.length > 0,
    ),
  );
}

const idsOf = (replies: readonly Judged[]): LawId[] =>
  [...new Set(replies.flatMap(({ laws }) => laws.map(({ id }) => id)))].sort();

const RANGES = ["flush-covers", "page-after-flush", "table-after-flush"];
const TABLES = ["table-after-flush"];
/** The laws that the recorded kernel violates. */
const EXPECTED: Readonly<Record<string, readonly LawId[]>> = {
  "gather-2.6.28": ["page-after-flush"],
  "gather-2.6.39": ["page-after-flush"],
  "gather-3.0.66": ["page-after-flush", "table-after-flush"],
  "gather-3.1": ["page-after-flush", "table-after-flush"],
  "gather-3.9.6": RANGES,
  "gather-3.10.4": RANGES,
  "gather-3.16": RANGES,
  "gather-2.6.28-s390": [],
  "gather-2.6.28-ppc64": ["page-after-flush"],
  "gather-3.1-ppc64": ["page-after-flush"],
};

/** Tables that callbacks free although no flush event came since they were removed. */
function freedUnflushed({ exchanges }: Trace): number {
  const removed = new Set<number>();
  let count = 0;
  for (const { command, response } of exchanges) {
    if (command.op === "freeTable") removed.add(command.id);
    for (const event of response.events) {
      if (event.kind === "flush") removed.clear();
      if (event.kind === "tableFree" && removed.delete(event.id) && command.op === "rcuRun") count += 1;
    }
  }
  return count;
}

describe("judge", () => {
  test.each(ALL_LABELS)(
    "The recorded %s violates the laws that its history says, and no other",
    async (label) => {
      expect(idsOf(violationsIn(label, await tracesOf(label)))).toEqual(EXPECTED[label] ?? TABLES);
    },
  );

  test("In 3.1-s390 callbacks free early what was removed since the last flush, as the replies alone say", async () => {
    const label = "gather-3.1-s390";
    let [judged, counted] = [0, 0];
    for (const trace of await tracesOf(label)) {
      const replies = [...judgeReplies(gatherSpec(promisesCalled(label)), LAWS, trace)];
      const early = replies.flatMap(({ after }) => after?.reply.earlyTables ?? []);
      judged += early.filter(({ freed }) => freed === "by a callback").length;
      counted += freedUnflushed(trace);
    }
    expect([judged, counted > 10]).toEqual([counted, true]);
  });

  test("From 4.15.18 on only the architecture that invalidates nothing frees tables early", async () => {
    const label = "gather-6.12";
    const found = violationsIn(label, await tracesOf(label, ({ scope }) => scope.arch !== "gen"));
    expect(idsOf(found)).toEqual([]);
  });

  test("A caller that removes a page without its entry is blamed for it, and the release is not", async () => {
    const label = "gather-5.11";
    const { laws } = promisesCalled(label);
    const traces = await tracesOf(label, ({ protocol, scope }) => !protocol && scope.arch !== "gen");
    const replies = traces.flatMap((trace) => [
      ...judgeReplies(gatherSpec(promisesCalled(label)), lawsCalled(laws), trace),
    ]);
    const following = replies.flatMap(({ following }) => following.map(({ id }) => id));
    expect(idsOf(replies)).toEqual([]);
    expect([...new Set(following)]).toEqual(["page-after-flush"]);
  });

  test("A gather is full and frees nothing since its caller removed no entry is not accused", async () => {
    const [trace] = await tracesOf("gather-3.10.4");
    const kernel = kernelCalled("gather-3.10.4");
    if (trace === undefined || kernel === undefined) throw new Error("3.10.4");
    const scope = { ...trace.scope, limits: TINY };
    const state = kernel.initial(scope);
    const page = { op: "removePage", g: 0, addr: 0 } as const;
    const asked: readonly Command[] = [
      { op: "gather", g: 0, start: 0, end: 8192 },
      { op: "failAlloc", n: 1 },
      { ...page, pfn: 1 },
      { ...page, pfn: 2, addr: 4096 },
    ];
    const exchanges = asked.map((command) => ({ command, response: kernel.act(state, command) }));
    const replies = [
      ...judgeReplies(gatherSpec(kernel.release), lawsCalled(kernel.promises), { scope, exchanges }),
    ];
    expect(idsOf(replies)).toEqual([]);
    expect(replies.at(-1)?.following.map(({ id }) => id)).toEqual(["failed-allocation-flushes"]);
  });

  test.each<[string, readonly Command[]]>([
    ["zaps", [0, 1, 2].map((n) => ({ op: "zap", g: 0, addr: n * 4096, n: 1, pfn: 1 + n }) as const)],
    [
      "removes each page after its entry",
      [0, 4096, 8192].flatMap((addr): Command[] => [
        { op: "removeEntry", g: 0, level: "pte", addr },
        { op: "removePage", g: 0, addr, pfn: 1 + addr / 4096 },
      ]),
    ],
  ])(
    "A gather that is full and frees nothing is accused if its caller %s, whatever else it asserts",
    (_does, removals) => {
      const kernel = kernelCalled("gather-3.10.4") as GatherKernel;
      const scope = { ...RECORDED, limits: TINY };
      const state = kernel.initial(scope);
      const asked: Command[] = [
        { op: "gather", g: 0, start: 0, end: 12288 },
        { op: "failAlloc", n: 1 },
        ...removals,
      ];
      const exchanges = asked.map((command) => {
        const response = kernel.act(state, command);
        const failed = response.events.filter(({ kind }) => kind === "allocFail");
        if (failed.length === 0) return { command, response };
        // In place of the flush, and of what it frees.
        return { command, response: { events: [...failed, { kind: "bug" } as const] } };
      });
      const laws = lawsCalled(["failed-allocation-flushes"]);
      const replies = [...judgeReplies(gatherSpec(kernel.release), laws, { scope, exchanges })];
      expect(idsOf(replies)).toEqual(["failed-allocation-flushes"]);
      expect(replies.flatMap(({ following }) => following)).toEqual([]);
    },
  );

  test("A flush that is left out of a recording is missed", async () => {
    const label = "gather-6.12";
    const [trace] = await tracesOf(label, ({ name, scope }) => name === "nested" && scope.arch === "x86");
    if (trace === undefined) throw new Error("nested");
    const exchanges = trace.exchanges.map((exchange) => ({
      ...exchange,
      response: {
        ...exchange.response,
        events: exchange.response.events.filter(({ kind }) => kind !== "flush"),
      },
    }));
    const replies = [...judgeReplies(gatherSpec(promisesCalled(label)), LAWS, { ...trace, exchanges })];
    expect(idsOf(replies)).toEqual(["finish-leaves-nothing-stale", "flush-covers", "page-after-flush"]);
  });
});

/** Whether a kernel has what a recorded command asks for, on its architecture. */
const isAnswered = ({ release }: GatherKernel, command: Command) => {
  const { feature } = recordOf(command);
  return feature === undefined || release.has[feature];
};

/** The trace as a kernel answers it, with the flushes that its caller owes it. */
function answered(kernel: GatherKernel, { scope, exchanges }: Trace): Exchange[] {
  const state = kernel.initial(scope);
  const commands = exchanges.map(({ command }) => command).filter((command) => isAnswered(kernel, command));
  return commands.flatMap((command, nth) => {
    const response = kernel.act(state, command);
    const own = [{ command, response, dump: undefined }];
    if (!response.full || commands[nth + 1]?.op === "flush" || !("g" in command)) return own;
    const flush = { op: "flush", g: command.g } as const;
    return [...own, { command: flush, response: kernel.act(state, flush), dump: undefined }];
  });
}

/** The label of which the commands are run on all others: all kinds of callers, those who break the rules too. */
const CALLERS = "gather-4.15";

describe("judge of other callers", () => {
  test.each(KERNELS.filter(({ name }) => archOf(name) === undefined).map((kernel) => [kernel.name, kernel]))(
    "Each violation of %s by commands that were recorded from others has a bug of the catalogue",
    async (_name, given) => {
      const kernel = given as GatherKernel;
      const label = kernel.name;
      const runs = ({ arch }: Trace["scope"]) =>
        !isOwnArch(arch) && (arch !== "geninv" || kernel.release.invalidates) && arch !== "ptr";
      const asked = await tracesOf(
        CALLERS,
        ({ scope, line, protocol }) => runs(scope) && (line % 3 === 0 || !protocol),
      );
      const own = asked.map((trace) => ({ ...trace, exchanges: answered(kernel, trace) }));
      const unknown = violationsIn(label, own).flatMap(({ laws, command, ...seen }) =>
        attribute(BUGS, label, laws, { command, ...seen })
          .filter(({ bug }) => bug === undefined)
          .map(({ law }) => [law, command.op]),
      );
      expect([asked.length > 8, unknown]).toEqual([true, []]);
    },
  );

  const lossIn = (...between: readonly Command[]) => {
    const commands: Command[] = [
      { op: "users", n: 2 },
      { op: "gather", g: 0, start: 0, end: 8192 },
      { op: "startVma", g: 0, start: 0, end: 8192 },
      ...between,
      { op: "finish", g: 0, start: 0, end: 8192 },
    ];
    const kernel = kernelCalled("gather-4.4") as GatherKernel;
    const scope = { ...RECORDED, arch: "gen" } as const;
    const state = kernel.initial(scope);
    const exchanges = commands.map((command) => ({
      command,
      response: kernel.act(state, command),
      dump: undefined,
    }));
    const replies = [...judgeReplies(gatherSpec(kernel.release), LAWS, { scope, exchanges })];
    return [state.rcu.length, idsOf(replies).filter((id) => id === "nothing-lost")];
  };

  const TABLE = { op: "freeTable", g: 0, level: "pte", id: 1, addr: 0 } as const;
  const END = { op: "endVma", g: 0 } as const;

  test("A caller that frees a table before its vma ends loses it in 4.4, and is blamed for it", () => {
    expect(lossIn(TABLE, END)).toEqual([0, []]);
    expect(lossIn(END, TABLE)).toEqual([1, []]);
  });

  test("A release that loses a table of a caller who keeps the rules is accused", () => {
    const exchanges = [
      { command: { op: "gather", g: 0, start: 0, end: 8192 }, response: { events: [] } },
      { command: TABLE, response: { events: [{ kind: "alloc", what: "table", id: 1 }] } },
      { command: { op: "finish", g: 0, start: 0, end: 8192 }, response: { events: [] } },
    ] as const;
    const trace = { scope: RECORDED, exchanges };
    expect(idsOf([...judgeReplies(gatherSpec(promisesCalled("gather-6.12")), LAWS, trace)])).toContain(
      "nothing-lost",
    );
  });
});

/** The machine of a recording. */
const RECORDED: Trace["scope"] = {
  ...{ name: "recording", arch: "x86", cpus: 4, tables: "rcu", slots: 4 },
  ...{ pages: [], frames: [], tableIds: [], calls: [] },
  limits: { array: 12, bundle: 8, batch: 6, batches: 3, tables: 4, hash: 8 },
};
