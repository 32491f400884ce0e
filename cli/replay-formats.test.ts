/** What `replay` prints beside its text: a mail, and JSON with every step. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { INTERLEAVED } from "../counterexamples/interleavings.ts";
import type { Bug } from "../counterexamples/vmap/bug.ts";
import { BUGS, bugCalled } from "../counterexamples/vmap/index.ts";
import { pinnedFile } from "../jobs/pin/pinned.ts";
import { UsageError } from "../jobs/usage-error.ts";
import { elsewhere, ROOT } from "./running.testing.ts";
import { plain } from "./show/mail.ts";
import { type ReplayOptions, replayVerb } from "./verbs/replay.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function printed(target: string, options: Partial<ReplayOptions> = {}): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  log.mockClear();
  await replayVerb(target, { json: false, ...options });
  return log.mock.calls.map(([line]) => line).join("\n");
}

const document = async (target: string, options: Partial<ReplayOptions> = {}) =>
  JSON.parse(await printed(target, { ...options, json: true }));

const RECORDING = join(ROOT, "adapters/vmap/recordings/3.16.jsonl.gz");
const A7 = "cache-draft-align-bugon";
const C7 = bugCalled("C7") as Bug;

describe("a mail", () => {
  const tooLong = (mail: string) => mail.split("\n").filter((line) => line.length > 72);
  const notPlain = (mail: string) => mail.match(/[^\x20-\x7e\n]/g);

  test("of a history has the law, the bug with its commit and source, every step, and the picture", async () => {
    const mail = await printed(A7, { format: "mail" });
    expect(mail).toMatch(/^no-bug: A legal call never stops the kernel/);
    expect(mail).toMatch(/^Bug: {5}cache-draft-align-bugon \(A7\)\./m);
    expect(mail).toMatch(/^Commits: 89699605$/m);
    expect(mail).toMatch(/^Source: {2}89699605/m);
    expect(mail).toMatch(/^ {2}3\. alloc 1 page align 4 pages in \[65,96\) -> BUG/m);
    expect(mail).toMatch(/^After step 3:\n {13}63 64 65 66 67 68\n {2}area {8}\. {2}A/m);
    expect(mail).toContain(`replay ${A7}`);
  });

  test("of an interleaving has a line for each step, with its CPU and what it changed", async () => {
    const mail = await printed("C13", { format: "mail" });
    expect(mail).toMatch(/^Bug: {5}vb-final-free-window \(C13\)\./m);
    expect(mail).toMatch(/^Commits: ad216c0316ad$/m);
    expect(mail).toMatch(/^ 17\. CPU 1: purge: has nothing to flush: unlocks; returns$/m);
    expect(mail).toMatch(/^ {7}\[map x!, TLB 0 -, TLB 1 1\]$/m);
  });

  test("of a recording mentions the recording, and names the bug", async () => {
    const mail = await printed(RECORDING, { format: "mail", law: "no-alias-after-unmap-aliases" });
    expect(mail).toMatch(/^3\.16 violates this in \d+ steps\.$/m);
    expect(mail).toContain("the replies are the recorded ones: nothing was run");
    expect(mail).toMatch(/^Bug: {5}vb-full-block-stale \(C7\)\./m);
    expect({ tooLong: tooLong(mail), notPlain: notPlain(mail) }).toEqual({ tooLong: [], notPlain: null });
  });

  test.each([...BUGS.map(({ id }) => [id, "call"]), ...INTERLEAVED.map(({ id }) => [id, "step"])] as [
    string,
    string,
  ][])("of %s at the %s grain fits 72 columns of plain ASCII", async (id, grain) => {
    const mail = await printed(id, { format: "mail", grain });
    expect({ tooLong: tooLong(mail), notPlain: notPlain(mail) }).toEqual({ tooLong: [], notPlain: null });
    expect(mail).toMatch(/^Source: /m);
  });

  test("is ASCII without colour", () => {
    expect(plain("\u001b[31mZo\u00eb \u2013 \u201cx\u201d\u2026 \u2192\u001b[39m")).toBe('Zoe - "x"... ?');
  });
});

describe("JSON", () => {
  test("of a history has its steps: command as in the file, reply, laws, and what the picture shows", async () => {
    const pinned = pinnedFile(C7, C7.violations[0] as Bug["violations"][number]);
    const { steps, step, law } = await document(pinned);
    expect({ step, law }).toEqual({ step: 5, law: "no-alias-after-unmap-aliases" });
    expect(steps.map((each: { command: unknown }) => each.command)).toEqual(
      JSON.parse(readFileSync(pinned, "utf8")).commands,
    );
    expect(steps.map((each: { laws: unknown }) => each.laws)).toEqual([[], [], [], [], [law]]);
    expect(steps[0]).toMatchObject({ step: 1, response: { kind: "placed", start: 64 } });
    expect(steps[3].picture.maps).toEqual([
      { step: 1, start: 64, count: 3, frame: 1, held: false },
      { step: 4, start: 68, count: 3, frame: 4, held: true },
    ]);
    expect(steps[3].picture.tlbs).toEqual([{ cpu: 0, page: 64, frame: 1 }]);
  });

  test("of an interleaving has its steps by name, each with its CPU", async () => {
    const { steps, step } = await document("C13");
    expect(steps).toHaveLength(step);
    expect(steps[9]).toMatchObject({ step: 10, cpu: 1, again: false, laws: [], picture: { map: "x!" } });
    expect(steps.at(-1).laws).toEqual(["no-alias-after-unmap-aliases"]);
  });

  test("marks the steps of a loop", async () => {
    const { steps } = await document("iounmap-overwrites-lazy-nr", { law: "nothing-lazy-nothing-purged-0" });
    expect(steps.findIndex(({ again }: { again: boolean }) => again)).toBe(15);
  });
});

describe("a history that names no law", () => {
  const nameless = () => {
    const { law: _none, ...rest } = JSON.parse(
      readFileSync(pinnedFile(C7, C7.violations[0] as Bug["violations"][0]), "utf8"),
    );
    const path = join(elsewhere, "nameless.json");
    writeFileSync(path, JSON.stringify(rest));
    return path;
  };

  test("is replayed to its first violation, with source and fix of the bug", async () => {
    const { accepted, law, laws, bug } = await document(nameless());
    expect({ accepted, law, bug }).toEqual({
      accepted: false,
      law: "no-alias-after-unmap-aliases",
      bug: C7.id,
    });
    expect(laws).toEqual([{ law, bug: C7.id, listed: true, promised: true }]);
    const out = await printed(nameless());
    expect(out).toContain(`known as ${C7.id} (C7), fixed: 6.5`);
    expect(out).toContain("fc1e0d980037");
  });

  test("is accepted if it violates nothing", async () => {
    expect(await document(nameless(), { kernel: "6.5" })).toMatchObject({
      accepted: true,
      law: null,
      laws: [],
    });
  });
});

test.each<[string, Partial<ReplayOptions>, string]>([
  ["A7", { format: "post" }, '--format takes text or mail, not "post"'],
  ["A7", { format: "mail", json: true }, "--format mail and --json are two ways to print"],
  ["A7", { trace: 5 }, "--trace is for a recording (.jsonl, .jsonl.gz)"],
  ["C13", { as: "5.17" }, "--as is for a recording (.jsonl, .jsonl.gz)"],
  [
    RECORDING,
    { as: "5.17", kernel: "5.17" },
    "--as judges what was recorded, --kernel runs our model: which of them?",
  ],
])("replay %s %j is refused", async (target, options, line) => {
  const refused = replayVerb(target, { json: false, ...options });
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(line);
});
