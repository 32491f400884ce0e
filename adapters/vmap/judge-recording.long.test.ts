import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { attributeViolations } from "../../counterexamples/vmap/index.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { judgeTrace } from "./judge-recording.ts";
import { type Exchange, readRecording, type Trace } from "./recording.ts";

const FOLDER = fileURLToPath(new URL("./recordings/", import.meta.url));

/**
 * What the laws find in the recordings of the project, by law and bug. docs/findings.md has the counts of the
 * full recordings; this selection has fewer violations of lowest-fit, most of which are in the long traces, and of E1.
 */
const A9 = { "lowest-fit A9": 87, "refused-only-when-full A9": 3, "purge-only-when-full A9": 3 };
const C7 = "no-alias-after-unmap-aliases C7";
const REFLUSHED = "flush-only-once vb-dirty-purged-around";
const WRAPPED = {
  "in-window A11": 84,
  "in-window A10": 2,
  "no-overlap A11": 34,
  "no-overlap A10": 1,
  "flush-before-reuse A11": 1,
};
const EXPECTED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "2.6.27": { "in-window A11": 99, "in-window E1": 24, "no-overlap A11": 21 },
  "2.6.28": {
    "in-window A11": 35,
    "in-window A10": 1,
    "in-window A4": 1,
    "no-overlap A11": 8,
    "no-bug A10": 7,
    "no-bug A4": 30,
    "nothing-leaks C2": 33,
    [C7]: 155,
  },
  "2.6.28.10": { ...WRAPPED, "no-bug A10": 27, "nothing-leaks C2": 33, [C7]: 155 },
  "2.6.37": { ...WRAPPED, "no-bug A10": 28, [C7]: 41 },
  "2.6.39": { "in-window A10": 1, "no-bug A10": 20, "no-bug A11": 21, [C7]: 41 },
  "3.1": {
    "in-window A10": 1,
    "no-bug A10": 26,
    "no-bug A11": 12,
    "lowest-fit A9": 81,
    "refused-only-when-full A9": 3,
    "purge-only-when-full A9": 1,
    [C7]: 31,
  },
  "3.10.65": { "no-bug A11": 12, ...A9, [C7]: 31 },
  "3.16": { "no-bug A11": 12, ...A9, [C7]: 31, "no-alias-after-unmap-aliases C5": 2 },
  "4.4": { "no-bug A11": 12, ...A9, [C7]: 33 },
  "4.15.0": { "no-bug A11": 12, ...A9, [C7]: 33 },
  "4.15.18-ubuntu": { ...A9, [C7]: 33 },
  "5.2": { "refused-only-when-full A13": 67, "purge-only-when-full A13": 33, [C7]: 51 },
  "5.10": { "refused-only-when-full A13": 67, "purge-only-when-full A13": 33, [C7]: 51 },
  "5.11": { "refused-only-when-full A13": 67, "purge-only-when-full A13": 33, [C7]: 51 },
  "5.17": { [C7]: 33 },
  "6.1": { "refused-only-when-full A13": 53, "purge-only-when-full A13": 30, [C7]: 48 },
  "6.4": { "refused-only-when-full A13": 53, "purge-only-when-full A13": 30, [C7]: 48 },
  "6.5": { "refused-only-when-full A13": 61, "purge-only-when-full A13": 32, [REFLUSHED]: 1 },
  "6.12": { "refused-only-when-full A13": 57, "purge-only-when-full A13": 28, [REFLUSHED]: 3 },
  "6.19": { "refused-only-when-full A13": 58, "purge-only-when-full A13": 29, [REFLUSHED]: 2 },
  "7.3": { "refused-only-when-full A13": 2, "purge-only-when-full A13": 2 },
};

const judged = (trace: Trace) => {
  const release = releaseOf(trace.label);
  return judgeTrace(vmapSpec(release), lawsCalled(release.laws), trace);
};

async function countsOf(label: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const trace of readRecording(`${FOLDER}${label}.jsonl.gz`)) {
    for (const { laws, before, command, response, after } of judged(trace).violations) {
      for (const { law, bug } of attributeViolations(releaseOf(label).labels[0] as string, laws, {
        before,
        command,
        response,
        after,
      })) {
        const key = `${law} ${bug?.number ?? bug?.id ?? "unknown"}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
    }
  }
  return counts;
}

describe("the laws alone", () => {
  test.each(Object.entries(EXPECTED))(
    "The laws alone find every violation in the recording of %s, and accuse nothing else",
    async (label, expected) => {
      expect(await countsOf(label)).toEqual(expected);
    },
  );
});

describe("a tampered recording", () => {
  const firstOf = async (label: string, wanted: (trace: Trace) => boolean): Promise<Trace> => {
    for await (const trace of readRecording(`${FOLDER}${label}.jsonl.gz`)) if (wanted(trace)) return trace;
    throw new Error("no such trace");
  };
  const clean = (trace: Trace) => trace.exchanges.length > 10 && judged(trace).violations.length === 0;

  /** The trace with its first placement changed. */
  const changed = (trace: Trace, change: (exchange: Exchange) => Exchange): { trace: Trace; at: number } => {
    const at = trace.exchanges.findIndex(({ response }) => response.kind === "placed");
    const exchange = trace.exchanges[at] as Exchange;
    return { at, trace: { ...trace, exchanges: trace.exchanges.with(at, change(exchange)) } };
  };
  const lawsViolated = ({ trace, at }: { trace: Trace; at: number }) =>
    judged(trace)
      .violations.filter(({ index }) => index === at)
      .flatMap(({ laws }) => laws.map(({ id }) => id));

  test("A tampered recording that answers a page higher violates lowest-fit", async () => {
    const trace = await firstOf("2.6.39", clean);
    const higher = changed(trace, (exchange) => {
      const { response } = exchange;
      return response.kind === "placed"
        ? { ...exchange, response: { ...response, start: response.start + 512 } }
        : exchange;
    });
    expect(lawsViolated(higher)).toContain("lowest-fit");
  });

  test("A tampered recording that refuses a request that fits violates refused-only-when-full", async () => {
    const trace = await firstOf("2.6.39", clean);
    const refused = changed(trace, (exchange) => ({
      ...exchange,
      response: { kind: "refused", flushes: [], pteSet: 0, pteCleared: 0 },
    }));
    expect(lawsViolated(refused)).toEqual(["refused-only-when-full"]);
  });

  test("A tampered recording that omits a flush is accused where the space is used again", async () => {
    const trace = await firstOf(
      "2.6.39",
      (each) =>
        clean(each) &&
        each.exchanges.some(({ command, response }) => command.op === "alloc" && response.flushes.length > 0),
    );
    const silent = trace.exchanges.map((exchange) => ({
      ...exchange,
      response: { ...exchange.response, flushes: [] },
    }));
    const laws = judged({ ...trace, exchanges: silent }).violations.flatMap((each) =>
      each.laws.map(({ id }) => id),
    );
    expect(laws).toContain("flush-before-reuse");
  });
});
