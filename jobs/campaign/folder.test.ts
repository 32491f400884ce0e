/** Results and examples in files, as a process that was killed leaves them; and the plans that need no file. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planIn, type Task } from "../../adapters/campaign-file.ts";
import { canBeCompared } from "../diff.ts";
import { bugMeant, kernelMeant } from "../wings.ts";
import { runCampaign } from "./campaign.ts";
import { withoutResult } from "./crew.ts";
import { folderPlan, folderResults, keepPlan, setResultsAside } from "./folder.ts";
import { presetCalled } from "./presets.ts";
import { tasksOf } from "./tasks.ts";

const plan = planIn("plan.json", {
  vmapcheck: 1,
  name: "night",
  seed: 1,
  jobs: [{ kind: "check", subject: "6.1", seeds: 3 }],
});
const [first, second, third] = tasksOf(plan) as [Task, Task, Task];
const done = (task: Task) => withoutResult(task, "as expected", "");

const here = process.cwd();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmapcheck-campaign-"));
  process.chdir(folder);
});
afterEach(async () => {
  process.chdir(here);
  await rm(folder, { recursive: true });
});

const FILE = ".vmapcheck/campaigns/night/results.jsonl";

describe("results in a folder", () => {
  test("are there for the next process, each once", async () => {
    const results = folderResults("night");
    expect([await results.record(done(first)), await results.record(done(first))]).toEqual([true, false]);
    await results.record(done(second));
    expect(await folderResults("night").all()).toEqual([done(first), done(second)]);
  });

  test("lose only the line that a killed process had half written", async () => {
    await folderResults("night").record(done(first));
    await appendFile(FILE, JSON.stringify(done(second)).slice(0, 20));
    const results = folderResults("night");
    expect(await results.all()).toEqual([done(first)]);
    await results.record(done(third));
    expect(await folderResults("night").all()).toEqual([done(first), done(third)]);
  });

  test("are kept in a file of their own by each new run of the plan", async () => {
    expect(await setResultsAside("night")).toBeUndefined();
    const run = async (tasks: readonly Task[]) => {
      for (const task of tasks) await folderResults("night").record(done(task));
      return readFile(FILE, "utf8");
    };
    const earlier = [await run([first, second])];
    expect(await setResultsAside("night")).toEqual({ results: 2, file: `${FILE}.before` });
    expect(await folderResults("night").all()).toEqual([]);
    earlier.push(await run([third]));
    expect(await setResultsAside("night")).toEqual({ results: 1, file: `${FILE}.before-2` });
    const kept = [`${FILE}.before`, `${FILE}.before-2`].map((file) => readFile(file, "utf8"));
    expect(await Promise.all(kept)).toEqual(earlier);
  });

  test("are there without --resume: a warning says where they were kept", async () => {
    await folderResults("night").record(done(first));
    const warned: string[] = [];
    const warn = (text: string) => void warned.push(text);
    const signal = AbortSignal.abort();
    const kept = await runCampaign(plan, { resume: true, workers: 1, warn, signal });
    expect([warned, kept.jobs.length]).toEqual([[], 1]);
    const begun = await runCampaign(plan, { workers: 1, warn, signal });
    expect([warned, begun.jobs.length]).toEqual([
      [expect.stringContaining(`(1) were kept as ${FILE}.before`)],
      0,
    ]);
  });

  test("are refused in one line that says where, if they are none", async () => {
    await folderResults("night").record(done(first));
    const text = await readFile(FILE, "utf8");
    await writeFile(FILE, `${text}{"id": 1}\n`);
    await expect(folderResults("night").all()).rejects.toThrow(`${FILE}: id: `);
    await writeFile(FILE, `${text}nonsense\n`);
    await expect(folderResults("night").all()).rejects.toThrow(`${FILE}:2: is not JSON`);
  });

  test("stand beside the plan, which report and status read", async () => {
    await expect(folderPlan("night")).rejects.toThrow("no campaign ran in this folder");
    await keepPlan(plan);
    expect(await folderPlan("night")).toEqual(plan);
    await expect(folderPlan("nihgt")).rejects.toThrow('there is no campaign "nihgt"; there are night');
  });
});

describe("the preset", () => {
  test.each(["smoke", "nightly"])("%s names only what is there", async (name) => {
    const { jobs } = await presetCalled(name, 1);
    for (const job of jobs) {
      if (job.kind === "check") await kernelMeant(job.subject);
      if (job.kind === "hunt") expect([job.bug, await bugMeant(job.bug)]).not.toEqual([job.bug, undefined]);
      if (job.kind === "diff") expect([job, await canBeCompared(job.one, job.other)]).toEqual([job, true]);
    }
  });

  test("nightly has releases of both wings", async () => {
    const { jobs } = await presetCalled("nightly", 1);
    const subjects = jobs.flatMap((job) => (job.kind === "check" ? job.subject : []));
    expect(subjects).toEqual(expect.arrayContaining(["2.6.28", "gather-2.6.28"]));
  });
});
