/** A custom allocator: its recordings are judged by their promises, and shown and cut by their own replies. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InputError } from "../adapters/input-error.ts";
import { UsageError } from "../jobs/usage-error.ts";
import { type Rules, recordingFrom, recordingOf } from "./own-allocator.testing.ts";
import { ROOT } from "./running.testing.ts";
import { conformVerb } from "./verbs/conform.ts";
import { judgeVerb } from "./verbs/judge.ts";
import { pinVerb } from "./verbs/pin.ts";
import { replayVerb } from "./verbs/replay.ts";

const PLAIN = { json: false };
const AS_JSON = { json: true };

afterEach(() => {
  vi.restoreAllMocks();
});

/** What a verb prints, without colours, and how it ends. */
async function printed(verb: () => Promise<number>): Promise<{ code: number; out: string }> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  log.mockClear();
  const code = await verb();
  return { code, out: stripVTControlCharacters(log.mock.calls.map(([line]) => line).join("\n")) };
}

async function document(verb: () => Promise<number>): Promise<ReturnType<typeof JSON.parse>> {
  return JSON.parse((await printed(verb)).out);
}

/** The promises of a correct one. */
const promisesOf = ({ frees }: Rules) => ({ promises: { frees, placement: "lowest-fit" } });

async function lawsViolated(rules: Rules, more: object = promisesOf(rules), as?: string): Promise<string[]> {
  const asked = as === undefined ? AS_JSON : { ...AS_JSON, as };
  const { files } = await document(() => judgeVerb([recordingOf(rules, more)], asked));
  return [...new Set<string>(files[0].broken.map(({ law }: { law: string }) => law))];
}

/** Printed text without line ends, which depend on the width. */
const unfolded = (text: string) => text.replace(/\s+/g, " ");

describe("judge", () => {
  test.each<Rules>([{ frees: "lazy" }, { frees: "eager" }])(
    "accepts a first fit that keeps what it promises: %j",
    async (rules) => {
      const { files } = await document(() => judgeVerb([recordingOf(rules, promisesOf(rules))], AS_JSON));
      expect(files[0]).toMatchObject({ label: "first-fit", traces: 20, accepted: 20, broken: [] });
      expect(files[0].replies).toBe(1200);
    },
  );

  test.each<Rules>([{ frees: "lazy" }, { frees: "eager" }])(
    "accepts it, %j, if it promises nothing about its frees",
    async (rules) => {
      expect(await lawsViolated(rules, { promises: {} })).toEqual([]);
      expect(await lawsViolated({ ...rules, neverFlushes: true }, { promises: {} })).toContain(
        "flush-before-reuse",
      );
    },
  );

  test("reports violations of the eager one by the promises of a release that frees lazily", async () => {
    expect(await lawsViolated({ frees: "eager" }, {}, "5.17")).toEqual(["purge-only-when-full"]);
  });

  test("judges the lazy one by the laws of that release", async () => {
    expect(await lawsViolated({ frees: "lazy" }, {}, "5.17")).toEqual([]);
  });

  test.each<[string, Rules, string, string[]]>([
    [
      "wants a page too much",
      { frees: "lazy", wantsMore: 1 },
      "lowest-fit",
      ["no-overlap", "flush-before-reuse"],
    ],
    [
      "wants a page too much",
      { frees: "eager", wantsMore: 1 },
      "lowest-fit",
      ["no-overlap", "flush-before-reuse"],
    ],
    ["never flushes", { frees: "lazy", neverFlushes: true }, "flush-before-reuse", ["lowest-fit"]],
    [
      "never flushes",
      { frees: "eager", neverFlushes: true },
      "flush-before-reuse",
      ["no-overlap", "lowest-fit"],
    ],
    ["overlaps", { frees: "lazy", overlaps: true }, "no-overlap", ["lowest-fit"]],
    ["overlaps", { frees: "eager", overlaps: true }, "no-overlap", ["lowest-fit"]],
  ])("catches one that %s, %j, by %s", async (_what, rules, law, others) => {
    const laws = await lawsViolated(rules);
    expect(laws).toContain(law);
    for (const other of others) expect(laws).not.toContain(other);
  });

  test("ends with 1 if a promise is violated, and never attributes it to a kernel's bug", async () => {
    const path = recordingOf({ frees: "lazy", wantsMore: 1 }, {});
    const { code, out } = await printed(() => judgeVerb([path], { ...PLAIN, as: "3.16" }));
    expect(code).toBe(1);
    expect(out).toContain("judged by the promises of 3.16");
    expect(out).toMatch(/lowest-fit .* not known to the catalogue/);
  });

  test("takes a kernel without a model for the one that is named, with its bugs", async () => {
    const path = recordingOf({ frees: "lazy", wantsMore: 1 }, { version: "3.14.79" });
    const { files } = await document(() => judgeVerb([path], { ...AS_JSON, as: "3.16" }));
    expect(files[0].broken).toContainEqual(
      expect.objectContaining({ law: "lowest-fit", bug: "cache-exact-hole-missed" }),
    );
  });

  test("names the promised laws that no recording shows, and counts one reply as one", async () => {
    const path = recordingFrom({ version: "5.15.120", ops: [[{ op: "purge" }, { ok: true }]] });
    const { out } = await printed(() => judgeVerb([path], PLAIN));
    expect(unfolded(out)).toContain("judged by the promises of 5.11, as which 5.15.120 answers");
    expect(unfolded(out)).toMatch(
      /not judged, as no call or field here shows them: .*calls-return.*finds-areas/,
    );
    expect(out).toContain("1 reply in 1 trace: 1 accepted");
    const { files } = await document(() => judgeVerb([path], AS_JSON));
    expect(files[0].notJudged).toContain("space-returns");
    expect(files[0].promises).not.toContain("space-returns");
    expect((await document(() => conformVerb([path], AS_JSON))).files[0]).toMatchObject({
      label: "5.15.120 (= 5.11)",
      differing: 0,
    });
  });

  test("judges by the listed laws, and no others", async () => {
    const rules: Rules = { frees: "lazy", wantsMore: 1 };
    expect(await lawsViolated(rules, { promises: ["no-overlap", "flush-before-reuse"] })).toEqual([]);
    expect(await lawsViolated(rules, { promises: ["lowest-fit"] })).toEqual(["lowest-fit"]);
  });

  describe("a call outside its domain", () => {
    const ALLOC = { op: "alloc_vmap_area", size: "0x4000", vstart: "0x100000", vend: "0x110000" };
    const PLACED = { addr: "0x100000" };
    const FREE = { op: "free_area", addr: "0x100000" };
    const FREED = { ok: true, flush: [["0x100000", "0x104000"]] };
    const judged = async (...ops: readonly (readonly [object, object])[]) => {
      const line = { version: "own", promises: { frees: "eager" }, ops };
      const { files } = await document(() => judgeVerb([recordingFrom(line)], AS_JSON));
      return files[0].broken.map(({ command, law }: { command: number; law: string }) => [command, law]);
    };
    const twice = (reply: object) => judged([ALLOC, PLACED], [FREE, FREED], [FREE, reply]);
    const inside = (reply: object) => judged([ALLOC, PLACED], [{ ...FREE, addr: "0x102000" }, reply]);
    const ofNothing = (reply: object) => judged([{ ...ALLOC, size: "0x0" }, reply]);

    test("may be refused, ignored or warned about", async () => {
      for (const reply of [{ err: "EINVAL" }, { ok: true }, { ok: true, ev: ["WARN double free"] }]) {
        expect(await twice(reply)).toEqual([]);
        expect(await inside(reply)).toEqual([]);
      }
      expect(await ofNothing({ err: "EINVAL" })).toEqual([]);
    });

    test("violates argument-domain where it does something, or stops", async () => {
      expect(await twice(FREED)).toEqual([[2, "argument-domain"]]);
      expect(await twice({ bug: "slab.c:1" })).toEqual([[2, "argument-domain"]]);
      expect(await inside({ bug: "slab.c:1" })).toEqual([[1, "argument-domain"]]);
      expect(await ofNothing(PLACED)).toEqual([[0, "argument-domain"]]);
    });

    test("is not a free of what is held, which is not to be refused", async () => {
      expect(await judged([ALLOC, PLACED], [FREE, { err: "EINVAL" }])).toEqual([[1, "argument-domain"]]);
    });
  });

  test("wants one flush of a purge from one that frees lazily", async () => {
    const area = (start: string, end: string) => [start, end];
    const ALLOC = { op: "alloc_vmap_area", size: "0x1000", vstart: "0x100000", vend: "0x110000" };
    const purged = async (...flush: readonly string[][]) => {
      const ops = [
        [ALLOC, { addr: "0x100000" }],
        [ALLOC, { addr: "0x101000" }],
        [{ op: "free_area", addr: "0x100000" }, { ok: true }],
        [{ op: "free_area", addr: "0x101000" }, { ok: true }],
        [{ op: "purge" }, { ok: true, flush }],
      ];
      const line = { version: "own", promises: { frees: "lazy" }, ops };
      const { files } = await document(() => judgeVerb([recordingFrom(line)], AS_JSON));
      return files[0].broken.map(({ law }: { law: string }) => law);
    };
    expect(await purged(area("0x100000", "0x102000"))).toEqual([]);
    expect(await purged(area("0x100000", "0x101000"), area("0x101000", "0x102000"))).toEqual([
      "one-flush-per-purge",
    ]);
  });

  test("judges by the promised guard pages, and prints its promises", async () => {
    const promises = { ...promisesOf({ frees: "lazy" }).promises, guard: { after: 1 } };
    const path = recordingOf({ frees: "lazy" }, { promises });
    const { code, out } = await printed(() => judgeVerb([path], PLAIN));
    expect(code).toBe(1);
    expect(out).toContain(
      "judged by its own promises: guard pages 0 inside, 1 after, 0 before, frees lazily",
    );
    expect(out).toMatch(/^ {2}guard-gap /m);
  });

  test("names both remedies if no promises are given", async () => {
    const path = recordingOf({ frees: "lazy" }, {});
    const refused = judgeVerb([path], PLAIN);
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(
      /:1: version: no kernel here is called "first-fit": say --as LABEL .* or let the line say its own, such as "promises": \{/,
    );
    await expect(judgeVerb([path], { ...PLAIN, as: "5.71" })).rejects.toThrow(UsageError);
  });

  test("is the verb for it: conform has no model to compare with", async () => {
    const path = recordingOf({ frees: "lazy" }, promisesOf({ frees: "lazy" }));
    await expect(conformVerb([path], PLAIN)).rejects.toThrow(
      /:1: version: there is no model of "first-fit" to compare with; judge asks its laws/,
    );
  });
});

const GREEDY: Rules = { frees: "eager", wantsMore: 1 };

describe("replay", () => {
  test("shows the recorded replies up to the violation, and ends with the recording's own verdict", async () => {
    const path = recordingOf(GREEDY, promisesOf(GREEDY));
    const { code, out } = await printed(() => replayVerb(path, { ...PLAIN, law: "lowest-fit" }));
    expect(code).toBe(1);
    expect(out).toContain("the replies are the recorded ones: nothing was run");
    expect(out).toMatch(/^lowest-fit {3}No lower address would have served/m);
    expect(out).not.toContain("accepted");
    const { step, steps, trace, rerun } = await document(() =>
      replayVerb(path, { ...AS_JSON, law: "lowest-fit" }),
    );
    expect({ last: steps.at(-1).step, rerun }).toEqual({ last: step, rerun: false });
    const written = JSON.parse(readFileSync(path, "utf8").split("\n")[trace - 1] as string).ops[step - 1];
    expect(steps.at(-1).command).toEqual(written[0]);
    expect(steps.at(-1).laws).toContain("lowest-fit");
    expect(steps.at(-1).response.start).toBe(Number.parseInt(written[1].addr, 16) / 4096);
  });

  test("accepts a trace that keeps its promises, and reports on all traces if none is named", async () => {
    const path = recordingOf({ frees: "eager" }, promisesOf({ frees: "eager" }));
    const one = await printed(() => replayVerb(path, { ...PLAIN, trace: 3 }));
    expect(one.code).toBe(0);
    expect(one.out).toMatch(/^accepted: first-fit keeps every law it promises[\s\S]*step 60 of 60:/);
    const all = await printed(() => replayVerb(path, PLAIN));
    expect(all).toEqual({
      code: 0,
      out: "accepted: every law asked is kept in all 1200 replies of 20 traces; --trace LINE shows one",
    });
  });

  test("runs our model only on request, and prints so", async () => {
    const path = recordingOf(GREEDY, promisesOf(GREEDY));
    const { code, out } = await printed(() => replayVerb(path, { ...PLAIN, trace: 1, kernel: "5.17" }));
    expect(code).toBe(0);
    expect(unfolded(out)).toContain("its commands, run anew on our model; what was recorded is not shown");
    expect(out).toContain("accepted: 5.17 keeps every law it promises");
    expect((await document(() => replayVerb(path, { ...AS_JSON, trace: 1, kernel: "5.17" }))).rerun).toBe(
      true,
    );
    await expect(replayVerb(path, { ...PLAIN, kernel: "5.17", as: "5.17" })).rejects.toThrow(UsageError);
  });

  test("has a mail of it, with the law and the allocator's name", async () => {
    const path = recordingOf(GREEDY, promisesOf(GREEDY));
    const { out } = await printed(() => replayVerb(path, { ...PLAIN, format: "mail", law: "lowest-fit" }));
    expect(out.split("\n").filter((line) => line.length > 72)).toEqual([]);
    expect(out).toMatch(/^lowest-fit: No lower address/);
    expect(out).toMatch(/^first-fit violates this in \d+ steps\.$/m);
    expect(out).toMatch(/^Bug: {5}not known to the catalogue$/m);
  });
});

describe("pin", () => {
  const before = process.cwd();

  beforeEach(async () => process.chdir(await mkdtemp(join(tmpdir(), "vmapcheck-pin-"))));
  afterEach(() => process.chdir(before));

  const pinned = (path: string, law: string) => document(() => pinVerb(path, { ...AS_JSON, law }));

  test.each<[Rules, string, number]>([
    [GREEDY, "lowest-fit", 4],
    [{ frees: "eager", neverFlushes: true }, "flush-before-reuse", 3],
    [{ frees: "lazy", overlaps: true }, "no-overlap", 2],
  ])("cuts a recording of %j that violates %s to the steps it needs", async (rules, law, most) => {
    const path = recordingOf(rules, promisesOf(rules));
    const cut = await pinned(path, law);
    expect(cut).toMatchObject({ law, bug: null, filed: true, rerun: false, minimal: true });
    expect(cut.commands).toBeLessThanOrEqual(most);
    const line = JSON.parse(readFileSync(cut.history, "utf8"));
    const whole = JSON.parse(readFileSync(path, "utf8").split("\n")[cut.trace - 1] as string);
    expect(line.ops).toEqual(cut.steps.map((step: number) => whole.ops[step - 1]));
    const replayed = await document(() => replayVerb(cut.history, AS_JSON));
    expect(replayed).toMatchObject({ accepted: false, law, step: cut.commands, kernel: "first-fit" });
    const { files } = await document(() => judgeVerb([cut.history], AS_JSON));
    expect(files[0].broken).toEqual([
      { trace: 1, command: cut.commands - 1, law, bug: null, promised: true },
    ]);
  });

  test("prints that nothing was run again, and files the same violation once", async () => {
    const path = recordingOf(GREEDY, promisesOf(GREEDY));
    const first = await printed(() => pinVerb(path, { ...PLAIN, law: "lowest-fit" }));
    expect(unfolded(first.out)).toContain("the steps that are left were not run again");
    expect(existsSync(".vmapcheck/pinned/first-fit.lowest-fit.jsonl")).toBe(true);
    const again = await pinned(path, "lowest-fit");
    expect(again).toMatchObject({ filed: false, history: ".vmapcheck/pinned/first-fit.lowest-fit.jsonl" });
  });

  test("pins nothing of a trace that keeps its promises", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const rules: Rules = { frees: "eager" };
    expect(await pinVerb(recordingOf(rules, promisesOf(rules)), PLAIN)).toBe(1);
    expect(error.mock.calls.join()).toContain("there is nothing to pin");
  });

  test("writes a cut that other laws cannot judge", async () => {
    const { history } = await pinned(recordingOf(GREEDY, promisesOf(GREEDY)), "lowest-fit");
    await expect(judgeVerb([history], { ...PLAIN, law: "no-overlap" })).rejects.toThrow(
      /:1: cut\.law: it was cut for lowest-fit, and says nothing of no-overlap/,
    );
  });
});

test("the example in docs/recordings.md has twenty lines, runs, and is accepted by its promises", async () => {
  const page = readFileSync(join(ROOT, "docs/recordings.md"), "utf8");
  const code = /```js\n([\s\S]*?)```/.exec(page)?.[1] as string;
  expect(code.trimEnd().split("\n")).toHaveLength(20);
  const cwd = await mkdtemp(join(tmpdir(), "vmapcheck-example-"));
  execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd });
  const { files } = await document(() => judgeVerb([join(cwd, "mine.jsonl")], AS_JSON));
  expect(files[0]).toMatchObject({ label: "my-allocator", traces: 1, replies: 10, accepted: 1, broken: [] });
});
