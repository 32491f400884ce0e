import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { KERNELS, kernelCalled } from "../../kernels/gather/index.ts";
import { PREFIX } from "../../spec/gather/bibliography.ts";
import type { Feature } from "../../spec/gather/releases.ts";
import { conform, same } from "./conform.ts";
import { readRecording, type Trace } from "./recording.ts";
import { OPS, requestForm } from "./recording-format.ts";

const FOLDER = fileURLToPath(new URL("./recordings/", import.meta.url));

async function tracesOf(label: string): Promise<Trace[]> {
  const traces: Trace[] = [];
  for await (const trace of readRecording(`${FOLDER}${label.replace(PREFIX, "")}.jsonl.gz`))
    traces.push(trace);
  return traces;
}

/** Labels whose replies are the same (FORMAT.md, what differs between labels). */
const ALIKE = [
  ["gather-2.6.28", "gather-2.6.39"],
  ["gather-4.15.18", "gather-4.19"],
  ["gather-5.2.1", "gather-5.4.18"],
  ["gather-5.11", "gather-5.17"],
];

const LABELS = KERNELS.map(({ name }) => name);
const NEIGHBOURS = LABELS.slice(1).flatMap((later, at) => {
  const earlier = LABELS[at] as string;
  const isArchitecture = /(s390|ppc64)$/.test(earlier) || /(s390|ppc64)$/.test(later);
  return isArchitecture || ALIKE.some((pair) => pair.includes(earlier) && pair.includes(later))
    ? []
    : [[earlier, later] as const];
});

type Refused = "no gather" | "busy" | "unsupported";

const OPENS = { op: "gather", g: 0, start: 0, end: 8192 } as const;

/** What came with a release, in the order of the format. */
const LACKED = [
  ["freeVmas", ["free_vmas"]],
  ["folios", ["remove_folio"]],
  ["pageSizes", ["page_size"]],
  ["tlbOnly", ["flush_tlbonly"]],
  ["ranges", ["need_flush_all"]],
  ["unshare", ["unshare", "flush_unshared"]],
  ["hash", ["lazy", "hpte"]],
] as const satisfies readonly (readonly [Feature, readonly string[]])[];

describe("conform", () => {
  test("Each label has a recording, and each recording a label", () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl.gz"));
    expect(files.sort()).toEqual(LABELS.map((label) => `${label.replace(PREFIX, "")}.jsonl.gz`).sort());
  });

  test.each(LABELS)(
    "The model of %s answers as the recorded gather, in every field and dump",
    async (label) => {
      const traces = await tracesOf(label);
      const kernel = kernelCalled(label);
      if (kernel === undefined) throw new Error(label);
      const differing = traces.filter((trace) => conform(kernel, trace).difference !== undefined);
      expect(traces.length).toBeGreaterThan(8);
      expect(differing.map(({ line }) => line)).toEqual([]);
    },
  );

  test.each(NEIGHBOURS)("%s does not answer as the recorded %s", async (earlier, later) => {
    const traces = await tracesOf(later);
    const kernel = kernelCalled(earlier);
    if (kernel === undefined) throw new Error(earlier);
    expect(traces.some((trace) => conform(kernel, trace).difference !== undefined)).toBe(true);
  });

  test.each(KERNELS)(
    "$name answers every request of the format, or refuses what it lacks",
    async (kernel) => {
      const [trace] = await tracesOf(kernel.name);
      const state = kernel.initial((trace as Trace).scope);
      const fields = { size: "0x1000", level: "pte" };
      const refused = OPS.filter((op) => {
        const form = requestForm(op);
        const request = [{ op }, { op, size: fields.size }, { op, level: fields.level }, { op, ...fields }]
          .map((each) => form?.safeParse(each))
          .find((each) => each?.success);
        if (!request?.success) throw new Error(op);
        // A finished gather takes no command: each has one of its own.
        if (state.gathers[0] === undefined && op !== "gather") kernel.act(state, OPENS);
        return kernel.act(state, request.data).refused === "unsupported";
      });
      expect(refused).toEqual(
        LACKED.filter(([feature]) => !kernel.release.has[feature]).flatMap(([, ops]) => ops),
      );
    },
  );

  test("What a harness refuses is refused alike: a slot in use or empty, a call that the release lacks", async () => {
    const [trace] = await tracesOf("gather-3.1");
    const kernel = kernelCalled("gather-3.1");
    if (trace === undefined || kernel === undefined) throw new Error("3.1");
    const asked = [
      [OPENS, undefined],
      [OPENS, "busy"],
      [{ op: "flush", g: 1 }, "no gather"],
      [{ op: "flushTlbOnly", g: 0 }, "unsupported"],
    ] as const;
    const saying = (why: (refused: Refused) => Refused) =>
      asked.map(([command, refused]) => ({
        command,
        response: { events: [], ...(refused === undefined ? {} : { refused: why(refused) }) },
        dump: undefined,
      }));
    const differs = (exchanges: Trace["exchanges"]) => conform(kernel, { ...trace, exchanges }).difference;
    expect(differs(saying((refused) => refused))).toBeUndefined();
    expect(differs(saying(() => "no gather"))?.index).toBe(1);
  });

  test("A reply that was tampered with differs, at its command and field", async () => {
    const [trace] = await tracesOf("gather-3.1");
    const kernel = kernelCalled("gather-3.1");
    if (trace === undefined || kernel === undefined) throw new Error("3.1");
    const at = trace.exchanges.findIndex(({ response }) => response.events.length > 0);
    const exchanges = trace.exchanges.map((exchange, index) =>
      index === at ? { ...exchange, response: { ...exchange.response, events: [] } } : exchange,
    );
    const { difference } = conform(kernel, { ...trace, exchanges });
    expect([difference?.index, difference?.fields.map(({ field }) => field)]).toEqual([at, ["events"]]);
  });

  test.each([
    [{ a: 1 }, { a: 1, b: 2 }],
    [[1, 2], [1]],
    [[1], { 0: 1 }],
    [undefined, 0],
  ])("%j is not the same as %j", (one, other) => {
    expect([same(one, other), same(other, one)]).toEqual([false, false]);
  });
});
