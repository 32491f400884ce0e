import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { kernelNamed } from "../../jobs/names.ts";
import { isTested } from "../../kernels/vmap/families.testing.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith } from "../../kernels/vmap/rules.ts";
import { notBelowWindow } from "../../kernels/vmap/search-uncached.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { conform } from "./conform.ts";
import { type Exchange, readRecording, type Trace } from "./recording.ts";

const FOLDER = fileURLToPath(new URL("./recordings/", import.meta.url));
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl.gz"));

/** Traces, and those with maps, where a file has others than most. */
const COUNTS: Readonly<Record<string, readonly [number, number]>> = {
  "2.6.27.jsonl.gz": [165, 0],
  "6.19.jsonl.gz": [246, 79],
  "7.3.jsonl.gz": [112, 54],
};

/** The first trace of a recording that is as asked for. */
async function traceIn(file: string, isWanted: (trace: Trace) => boolean): Promise<Trace> {
  for await (const trace of readRecording(FOLDER + file)) if (isWanted(trace)) return trace;
  throw new Error(`${file} has no such trace`);
}

describe.each(FILES.filter((file) => isTested(file.replace(".jsonl.gz", ""))))("the recording %s", (file) => {
  test("Conforms in every field of every reply", async () => {
    const differing: number[] = [];
    let [traces, maps] = [0, 0];
    // One after another: kept together they cost more to collect than to compare.
    for await (const trace of readRecording(FOLDER + file)) {
      if (conform(kernelNamed(trace.label), trace).difference) differing.push(trace.line);
      traces += 1;
      if (trace.exchanges.some(({ command }) => command.op === "mapRam")) maps += 1;
    }
    expect(differing).toEqual([]);
    expect([traces, maps]).toEqual(COUNTS[file] ?? [244, 79]);
  });
});

const BLOCK = {
  start: 1,
  free: 1,
  dirty: 0,
  onFreeList: null,
  cpu: undefined,
  dirtyRuns: [],
  dirtyRange: undefined,
};

describe("a difference", () => {
  let trace: Trace;

  beforeAll(async () => {
    // Long enough to have every kind of reply.
    trace = await traceIn("3.16.jsonl.gz", (each) => {
      const ops = new Set(each.exchanges.map(({ command }) => command.op));
      const kinds = new Set(each.exchanges.map(({ response }) => response.kind));
      const reports = each.exchanges.some(({ response }) => response.kind === "done" && response.aliases);
      return ops.has("unmapAliases") && kinds.has("reached") && kinds.has("refused") && reports;
    });
  });

  /** The trace with the first exchange that `changed` knows how to change. */
  const tampered = (changed: (exchange: Exchange) => Exchange | undefined): { trace: Trace; at: number } => {
    for (const [at, exchange] of trace.exchanges.entries()) {
      const other = changed(exchange);
      if (other !== undefined) return { trace: { ...trace, exchanges: trace.exchanges.with(at, other) }, at };
    }
    throw new Error("nothing to tamper with");
  };

  const tamperings: [field: string, change: (exchange: Exchange) => Exchange | undefined][] = [
    [
      "result",
      (exchange) => {
        const { response } = exchange;
        if (response.kind !== "placed") return undefined;
        return { ...exchange, response: { ...response, start: response.start + 1 } };
      },
    ],
    ["flush", (each) => ({ ...each, response: { ...each.response, flushes: [{ start: 1, end: 2 }] } })],
    ["pte_set", (each) => ({ ...each, response: { ...each.response, pteSet: each.response.pteSet + 1 } })],
    [
      "pte_clr",
      (each) => ({ ...each, response: { ...each.response, pteCleared: each.response.pteCleared + 1 } }),
    ],
    ["rcu", (each) => ({ ...each, response: { ...each.response, rcuCallbacks: 99 } })],
    ["ev", (each) => ({ ...each, recorded: { ...each.recorded, ev: ["WARN something"] } })],
    ...(["staleTlb", "deadTlb", "deadPtes"] as const).map(
      (name): [string, (exchange: Exchange) => Exchange | undefined] => [
        { staleTlb: "stale_tlb", deadTlb: "dead_tlb", deadPtes: "dead_ptes" }[name],
        (each) => {
          const { response } = each;
          if (response.kind !== "done" || response.aliases === undefined) return undefined;
          const wrong = name === "deadPtes" ? 7 : [{ cpu: 0, page: 1, frame: 1 }];
          return { ...each, response: { ...response, aliases: { ...response.aliases, [name]: wrong } } };
        },
      ],
    ),
    ["areas", (each) => each.dump && { ...each, dump: { ...each.dump, areas: [] } }],
    ["lazy_nr", (each) => each.dump && { ...each, dump: { ...each.dump, lazyPages: 12345 } }],
    ["cache", (each) => each.dump?.cache && { ...each, dump: { ...each.dump, cache: undefined } }],
    ...(["freeVmapCache", "cachedHoleSize", "cachedVstart", "cachedAlign"] as const).map(
      (name): [string, (exchange: Exchange) => Exchange | undefined] => [
        "cache",
        (each) => {
          const { dump } = each;
          return dump?.cache && { ...each, dump: { ...dump, cache: { ...dump.cache, [name]: 3 } } };
        },
      ],
    ),
    ["blocks", (each) => each.dump && { ...each, dump: { ...each.dump, blocks: [BLOCK] } }],
    ["free_lists", (each) => each.dump && { ...each, dump: { ...each.dump, freeLists: [[1]] } }],
  ];

  test.each(tamperings)("A difference in %s is found at its command and nowhere before", (field, change) => {
    const { trace: wrong, at } = tampered(change);
    const { difference } = conform(kernelNamed("3.16"), wrong);
    expect(difference?.index).toBe(at);
    expect(difference?.fields.map((each) => each.field)).toContain(field);
  });

  test.each(["work", "free", "purge", "pool"])(
    "A difference in %s is found on the later kernels that have it",
    async (field) => {
      const later = await traceIn("6.12.jsonl.gz", ({ exchanges }) =>
        exchanges.some(({ dump, response }) => dump?.pool?.length && response.workItems),
      );
      const at = later.exchanges.findIndex(({ dump, response }) => dump?.pool?.length && response.workItems);
      const exchange = later.exchanges[at] as Exchange;
      const { dump, response } = exchange;
      const wrong = {
        ...exchange,
        response: field === "work" ? { ...response, workItems: 7 } : response,
        dump: field === "work" ? dump : ({ ...dump, [field]: [{ start: 1, end: 2 }] } as Exchange["dump"]),
      };
      expect(conform(kernelNamed("6.12"), later).difference).toBeUndefined();
      const { difference } = conform(kernelNamed("6.12"), {
        ...later,
        exchanges: later.exchanges.with(at, wrong),
      });
      expect([difference?.index, difference?.fields.map((each) => each.field)]).toEqual([at, [field]]);
    },
  );

  test("A recording differs from another release's kernel", () => {
    const exchanges = trace.exchanges.filter(({ command }) => command.op === "alloc");
    const guarded = conform(kernelNamed("2.6.39"), { ...trace, exchanges });
    expect(guarded.difference).toBeDefined();
  });
});

test("A recorded bug is answered by a bug, whatever its text", async () => {
  const stopped = await traceIn(
    "3.16.jsonl.gz",
    ({ exchanges }) => exchanges.at(-1)?.response.kind === "bug",
  );
  const last = stopped.exchanges.at(-1) as Exchange;
  const renamed = { ...last, response: { ...last.response, text: "another line" } } as Exchange;
  const other = { ...stopped, exchanges: stopped.exchanges.with(-1, renamed) };
  expect(conform(kernelNamed("3.16"), other).difference).toBeUndefined();
  const repaired = kernelWith(releaseOf("3.16"), { ...rulesOf("3.10.65"), acceptable: notBelowWindow });
  expect(conform(repaired, stopped).difference?.fields[0]).toMatchObject({
    field: "result",
    recorded: "bug",
  });
});
