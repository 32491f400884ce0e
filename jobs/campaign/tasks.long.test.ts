/** Each kind of task, run. */
import { describe, expect, test } from "vitest";
import { planIn, type Task } from "../../adapters/campaign-file.ts";
import { runTask, tasksOf } from "./tasks.ts";

const plan = (...jobs: object[]) => planIn("plan.json", { vmapcheck: 1, name: "night", seed: 7, jobs });
const BUG = "va-gap-offbyone";

describe("a task", () => {
  test("that hunts a bug finds it", async () => {
    const [task] = tasksOf(plan({ kind: "hunt", bug: BUG, runs: 20_000 }));
    const result = await runTask(task as Task);
    expect(result).toMatchObject({ outcome: "as expected", says: "found" });
    expect(result.findings.map(({ bug }) => bug)).toContain(BUG);
  });

  test("that explores attributes what it finds", async () => {
    const [task] = tasksOf(plan({ kind: "explore", machine: "2.6.28", scope: "pages=3,windows=1" }));
    const result = await runTask(task as Task);
    expect(result).toMatchObject({ outcome: "as expected", says: "every state" });
    expect(result.states).toBeGreaterThan(10);
  });

  test("that compares two releases reports their shortest difference, with its history", async () => {
    const [task] = tasksOf(plan({ kind: "diff", one: "2.6.37", other: "2.6.39", runs: 10 }));
    const { findings } = await runTask(task as Task);
    expect(findings).toMatchObject([{ law: "difference", subject: "2.6.37 2.6.39" }]);
    expect(JSON.parse(findings[0]?.file ?? "")).toMatchObject({ vmapcheck: 2 });
  });
});
