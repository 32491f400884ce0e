/** Results and examples in files, as a process that was killed leaves them; and the plans that need no file. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planIn, type Task } from "../../adapters/campaign-file.ts";
import { canBeCompared } from "../diff.ts";
import { bugMeant, kernelMeant } from "../wings.ts";
import { withoutResult } from "./crew.ts";
import { folderPlan, folderResults, keepPlan } from "./folder.ts";
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
    const results = await folderResults("night", false);
    expect([await results.record(done(first)), await results.record(done(first))]).toEqual([true, false]);
    await results.record(done(second));
    expect(await (await folderResults("night", false)).all()).toEqual([done(first), done(second)]);
  });

  test("lose only the line that a killed process had half written", async () => {
    await (await folderResults("night", false)).record(done(first));
    await appendFile(FILE, JSON.stringify(done(second)).slice(0, 20));
    const results = await folderResults("night", false);
    expect(await results.all()).toEqual([done(first)]);
    await results.record(done(third));
    expect(await (await folderResults("night", false)).all()).toEqual([done(first), done(third)]);
  });

  test("are removed by a new run of the plan", async () => {
    await (await folderResults("night", false)).record(done(first));
    expect(await (await folderResults("night", true)).all()).toEqual([]);
  });

  test("are refused in one line that says where, if they are none", async () => {
    await (await folderResults("night", false)).record(done(first));
    const text = await readFile(FILE, "utf8");
    await writeFile(FILE, `${text}{"id": 1}\n`);
    await expect((await folderResults("night", false)).all()).rejects.toThrow(`${FILE}: id: `);
    await writeFile(FILE, `${text}nonsense\n`);
    await expect((await folderResults("night", false)).all()).rejects.toThrow(`${FILE}:2: is not JSON`);
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
