import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { gatherSpec } from "../../model/gather/gather-spec.ts";
import type { LawId } from "../../spec/contract.ts";
import { PREFIX } from "../../spec/gather/bibliography.ts";
import { LAWS, lawsCalled } from "../../spec/gather/laws/index.ts";
import { ALL_LABELS, promisesCalled } from "../../spec/gather/releases.ts";
import { type JudgedReply, judgeReplies } from "./judge-recording.ts";
import { readRecording, type Trace } from "./recording.ts";

const FOLDER = fileURLToPath(new URL("./recordings/", import.meta.url));

async function violationsIn(label: string, take: (trace: Trace) => boolean): Promise<JudgedReply[]> {
  const promises = promisesCalled(label);
  const found: JudgedReply[] = [];
  for await (const trace of readRecording(`${FOLDER}${label.replace(PREFIX, "")}.jsonl.gz`)) {
    if (take(trace)) found.push(...judgeReplies(gatherSpec(promises), lawsCalled(promises.laws), trace));
  }
  return found;
}

const idsOf = (replies: readonly JudgedReply[]): LawId[] =>
  [...new Set(replies.flatMap(({ laws }) => laws.map(({ id }) => id)))].sort();

const RANGES = ["flush-covers", "page-after-flush", "table-after-flush"];
const TABLES = ["table-after-flush"];
/** The laws that the recorded kernel violates where its caller keeps the rules. */
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

describe("judge", () => {
  test.each(ALL_LABELS)(
    "The recorded %s violates the laws that its history says, and no other",
    async (label) => {
      const found = await violationsIn(label, ({ protocol }) => protocol);
      expect(idsOf(found)).toEqual(EXPECTED[label] ?? TABLES);
    },
  );

  test("From 4.15.18 on only the architecture that invalidates nothing frees tables early", async () => {
    const found = await violationsIn(
      "gather-6.12",
      ({ protocol, scope }) => protocol && scope.arch !== "gen",
    );
    expect(idsOf(found)).toEqual([]);
  });

  test("A caller that removes a page without its entry is blamed for it, and the release is not", async () => {
    const found = await violationsIn(
      "gather-5.11",
      ({ protocol, scope }) => !protocol && scope.arch !== "gen",
    );
    const early = found.flatMap(({ after }) => after.reply.early);
    expect(idsOf(found)).toEqual(["page-after-flush"]);
    expect(early.every(({ unannounced }) => unannounced)).toBe(true);
  });

  test("A flush that is left out of a recording is missed", async () => {
    const label = "gather-6.12";
    const promises = promisesCalled(label);
    for await (const trace of readRecording(`${FOLDER}${label.replace(PREFIX, "")}.jsonl.gz`)) {
      if (trace.name !== "nested" || trace.scope.arch !== "x86") continue;
      const exchanges = trace.exchanges.map((exchange) => ({
        ...exchange,
        response: {
          ...exchange.response,
          events: exchange.response.events.filter(({ kind }) => kind !== "flush"),
        },
      }));
      const replies = [...judgeReplies(gatherSpec(promises), LAWS, { ...trace, exchanges })];
      expect(idsOf(replies)).toEqual(["finish-leaves-nothing-stale", "flush-covers", "page-after-flush"]);
    }
  });
});
