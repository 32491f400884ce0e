/** Plans, tasks and reports of a campaign, without processes. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { type Finding, planIn, type Task, type TaskResult } from "../../adapters/campaign-file.ts";
import { inputError } from "../../adapters/input-error.ts";
import { campaignDocuments } from "../page/campaign-document.ts";
import { Work } from "../work.ts";
import { MOST_ATTEMPTS, type Runner, runHere, WorkerDied, withoutResult } from "./crew.ts";
import type { Examples, Results } from "./folder.ts";
import { isAsExpected, reportOn, reportText } from "./report.ts";
import { fingerprintOf, tasksOf } from "./tasks.ts";

const GOOD = { vmapcheck: 1, name: "night", seed: 7, jobs: [{ kind: "hunt", bug: "A7" }] };
const plan = (...jobs: object[]) => planIn("plan.json", { ...GOOD, jobs });

describe("a plan", () => {
  test("has a task for each job and seed, and equal ones once", () => {
    const hunt = { kind: "hunt", bug: "A7", seeds: 2 };
    expect(tasksOf(plan(hunt, hunt, { kind: "explore", machine: "3.1" })).map(({ id }) => id)).toEqual([
      "hunt A7 runs=usual seed=7",
      "hunt A7 runs=usual seed=8",
      "explore 3.1 usual states=usual",
    ]);
  });

  test.each([
    [{ kind: "shell", command: "ls" }, "jobs[0].kind"],
    [{ kind: "hunt", bug: "A7\n--out=/etc/passwd" }, "jobs[0].bug: expected a name"],
    [{ kind: "hunt" }, "jobs[0].bug is missing"],
    [{ kind: "check", subject: "3.1", seeds: 1e9 }, "jobs[0].seeds"],
    [{ kind: "check", subject: "3.1", out: "x" }, "jobs[0]"],
    [{ kind: "explore", machine: "3.1", scope: "pages=$(id)" }, "jobs[0].scope: expected parameters"],
    [{ kind: "validate", log: "a\u001b[2J" }, "jobs[0].log: expected the path of a file"],
  ])("is refused in one line that says where: %j", (job, says) => {
    expect(() => plan(job)).toThrow(`plan.json: ${says}`);
    expect(() => plan(job)).toThrow(/^[^\n]*$/);
  });

  test.each([
    [{ jobs: [] }, 'the key "vmapcheck" is missing: expected 1, the version of the format'],
    [{ ...GOOD, vmapcheck: 3 }, "vmapcheck: expected 1, the version of the format, not 3"],
    [{ ...GOOD, seed: "7" }, 'seed: expected a number, not "7"'],
    [{ ...GOOD, jobs: {} }, "jobs: expected a list, not an object"],
    [{ ...GOOD, colour: 1 }, 'the key "colour" is not known here'],
    [[], "expected an object, not a list of 0"],
  ])("is refused in words that need no knowledge of the code: %j", (document, says) => {
    expect(() => planIn("bad.json", document)).toThrow(inputError("bad.json", undefined, says));
  });

  test("is refused where its jobs have more tasks than are kept, before any is made", () => {
    const job = { kind: "check", subject: "3.1", seeds: 100_000 };
    const many = Array.from({ length: 11 }, () => job);
    expect(() => plan(...many)).toThrow("plan.json: jobs: expected 1000000 tasks at most");
    expect(plan(...many.slice(1)).jobs).toHaveLength(10);
  });

  test("may not name a folder elsewhere", () => {
    const escaping = { vmapcheck: 1, name: "../../etc", seed: 1, jobs: [{ kind: "hunt", bug: "A7" }] };
    expect(() => planIn("plan.json", escaping)).toThrow("plan.json: name: expected 1 to 60 letters");
  });
});

/** In memory, as a folder or a server keeps them. */
function memory(): { results: Results; examples: Examples; ids: () => string[] } {
  const results = new Map<string, TaskResult>();
  const examples = new Map<string, Finding>();
  return {
    results: {
      record: async (result) => {
        if (results.has(result.id)) return false;
        results.set(result.id, result);
        return true;
      },
      all: async () => [...results.values()],
    },
    examples: {
      add: async (finding) => void examples.set(fingerprintOf(finding), finding),
      all: async () => [...examples.values()],
    },
    ids: () => [...results.keys()],
  };
}

const found: Finding = {
  law: "no-overlap",
  subject: "tree:x",
  bug: null,
  commands: 2,
  file: JSON.stringify({ vmapcheck: 2, kernel: "tree:x", law: "no-overlap", commands: [{ op: "alloc" }] }),
};

/** Two runners of a campaign of four tasks. The process of a task named in `deaths` dies so often. */
async function ran(deaths: Readonly<Record<string, number>>) {
  const tasks = tasksOf(plan({ kind: "check", subject: "6.1", seeds: 4 }));
  const left = new Map(Object.entries(deaths));
  const seen: [string, number][] = [];
  const open = (): Runner => ({
    run: async (task, examples) => {
      seen.push([task.id, examples.length]);
      const more = left.get(task.id) ?? 0;
      left.set(task.id, more - 1);
      if (more > 0) throw new WorkerDied("its process ended by SIGKILL");
      const isFirst = task === tasks[0];
      const result = withoutResult(task, isFirst ? "unexpected" : "as expected", "");
      return isFirst ? { ...result, findings: [found] } : result;
    },
    end: () => undefined,
  });
  const kept = memory();
  await runHere(tasks, kept.results, kept.examples, { workers: 2, seconds: 1, open }, new Work({}));
  const report = reportOn(plan({ kind: "check", subject: "6.1", seeds: 4 }), await kept.results.all());
  return { tasks, seen, report, kept };
}

describe("a campaign", () => {
  test("runs a task again whose process died, and records it once", async () => {
    const id = "check 6.1 runs=usual seed=8";
    const { seen, report } = await ran({ [id]: MOST_ATTEMPTS - 1 });
    expect(seen.filter(([each]) => each === id)).toHaveLength(MOST_ATTEMPTS);
    expect(report).toMatchObject({ open: [], totals: { "as expected": 3, unexpected: 1, "set aside": 0 } });
  });

  test("sets a task aside whose process dies three times, and does the others", async () => {
    const id = "check 6.1 runs=usual seed=8";
    const { seen, report } = await ran({ [id]: 99 });
    expect(seen.filter(([each]) => each === id)).toHaveLength(MOST_ATTEMPTS);
    expect(report.jobs.find((each) => each.id === id)).toMatchObject({
      outcome: "set aside",
      says: "its process ended by SIGKILL, 3 times",
    });
    expect(report.totals["as expected"]).toBe(2);
  });

  test("gives the same report whatever died on the way", async () => {
    const calm = await ran({});
    const rough = await ran({ "check 6.1 runs=usual seed=7": 2, "check 6.1 runs=usual seed=10": 1 });
    expect(rough.report).toEqual(calm.report);
  });

  test("runs nothing again that has a result", async () => {
    const { tasks, kept } = await ran({});
    const never = (): Runner => ({
      run: () => Promise.reject(new Error("it runs again")),
      end: () => undefined,
    });
    await runHere(tasks, kept.results, kept.examples, { workers: 2, seconds: 1, open: never }, new Work({}));
    expect(kept.ids()).toHaveLength(4);
  });

  test("keeps an unknown violation as an example, which later tasks are given", async () => {
    const { seen, kept } = await ran({});
    expect(await kept.examples.all()).toEqual([found]);
    expect(seen.at(-1)?.[1]).toBe(1);
  });
});

describe("an example", () => {
  test("has the same fingerprint on every subject, and another one under another law", () => {
    const elsewhere = { ...found, file: (found.file ?? "").replace("tree:x", "tree:y") };
    expect(fingerprintOf(elsewhere)).toBe(fingerprintOf(found));
    expect(fingerprintOf({ ...found, law: "in-window" })).not.toBe(fingerprintOf(found));
  });
});

describe("a report", () => {
  const hostile = { ...found, subject: "<script>&\u0000" };
  const results = (): TaskResult[] => {
    const [first, second] = tasksOf(plan({ kind: "check", subject: "6.1", seeds: 3 })) as [Task, Task];
    const bad = { ...withoutResult(first, "unexpected", 'a "law" < b'), findings: [hostile] };
    return [bad, withoutResult(second, "as expected", "")];
  };
  const report = reportOn(plan({ kind: "check", subject: "6.1", seeds: 3 }), results());

  test("is as expected only if every task ran and nothing was unexpected", () => {
    expect(isAsExpected(report)).toBe(false);
    expect(report.open).toEqual(["check 6.1 runs=usual seed=9"]);
  });

  test("for JUnit has a test case for each task, and no text that is read as XML", () => {
    const text = reportText(report, "junit");
    expect(text).toContain('tests="3" failures="1" errors="0" skipped="1"');
    expect(text).toContain("&lt;script&gt;&amp; : no-overlap in 2");
    expect(text).not.toMatch(/<script|[^\P{Cc}\n]/u);
  });

  test("for SARIF has the law as a rule, and a result with its subject", () => {
    const { version, runs } = JSON.parse(reportText(report, "sarif"));
    expect(version).toBe("2.1.0");
    expect(runs[0].tool.driver.rules).toEqual([{ id: "no-overlap" }]);
    expect(runs[0].results).toHaveLength(1);
  });

  test("as a page has a film of each history, and none of what is no history", async () => {
    const bug = "cache-draft-align-bugon";
    const path = new URL(`../../counterexamples/vmap/${bug}/no-bug.json`, import.meta.url);
    const real = { ...found, law: "no-bug", subject: "piggin-draft-3", file: await readFile(path, "utf8") };
    const jobs = results().map((each, nth) => (nth === 0 ? { ...each, findings: [hostile, real] } : each));
    const documents = await campaignDocuments({ ...report, jobs });
    expect([...documents.keys()]).toEqual(["start", "campaign", "history?target=finding-1"]);
    expect(documents.get("start")).toMatchObject({ opens: "campaign" });
    expect(documents.get("campaign")).toMatchObject({
      tasks: [
        { outcome: "unexpected", findings: [{ opens: null }, { opens: "history?target=finding-1" }] },
        { outcome: "as expected", findings: [] },
      ],
    });
    expect(documents.get("history?target=finding-1")).toMatchObject({ outcome: "violated" });
  });

  test("has the coverage of each swarm by what its searches found, and no sample", () => {
    const swarm = plan({ kind: "swarm", machine: "3.1", states: 100, seeds: 3 });
    const samples = [
      [1, 2, 3, 4],
      [3, 4, 5],
      [1, 4, 6],
    ];
    const searched = tasksOf(swarm).map(
      (task, nth): TaskResult => ({
        ...withoutResult(task, "as expected", ""),
        sample: { of: "3.1 usual", every: 2, hashes: samples[nth] ?? [] },
      }),
    );
    const { coverage, jobs } = reportOn(swarm, searched);
    expect(coverage).toMatchObject([{ of: "3.1 usual", searches: 3, found: 12, once: 6 }]);
    expect(coverage[0]?.estimate).toBeGreaterThan(12);
    expect(jobs[0]).not.toHaveProperty("sample");
    expect(reportOn(swarm, searched.slice(0, 1)).coverage).toEqual([]);
  });
});
