/** Each kind of task, run. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { planIn, type Task } from "../../adapters/campaign-file.ts";
import { fileOf } from "../../adapters/complaints.testing.ts";
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

  test("that validates a log judges it, and names what is violated", async () => {
    const log = fileURLToPath(
      new URL("../../adapters/vmap/logs/fixtures/6.5-686.trace.txt.gz", import.meta.url),
    );
    const [task] = tasksOf(plan({ kind: "validate", log }));
    expect(await runTask(task as Task)).toMatchObject({ outcome: "as expected", findings: [] });
    const window = "vstart=0xffffd58480000000 vend=0xfffff5847fffffff failed=0";
    const start = 0xffffd58480000000n;
    const lines = [
      `k_free: (f+0x0/0x1) va=0xffff8a1cb4a85240 start=0x${(start + 4096n * 50n).toString(16)} end=0x${(start + 4096n * 51n).toString(16)}`,
      `alloc_vmap_area: va_start: ${start} size=8192 align=1 ${window}`,
      `alloc_vmap_area: va_start: ${start + 4096n} size=8192 align=1 ${window}`,
    ].map((event, nth) => `task-100 [000] ..... 1.00000${nth}: ${event}\n`);
    const [wrong] = tasksOf(plan({ kind: "validate", log: fileOf(lines.join(""), ".txt") }));
    const { outcome, findings } = await runTask(wrong as Task);
    expect([outcome, findings.map(({ law }) => law)]).toEqual(["unexpected", ["no-overlap"]]);
  });

  test("that is a search of a swarm attributes what it finds, and has a sample", async () => {
    const [task, other] = tasksOf(
      plan({ kind: "swarm", machine: "3.16", scope: "pages=6", states: 2000, seeds: 2 }),
    );
    const [one, two] = [await runTask(task as Task), await runTask(other as Task)];
    expect(one).toMatchObject({ outcome: "as expected", kind: "swarm" });
    expect(one.findings.map(({ law, bug }) => [law, bug])).toContainEqual([
      "refused-only-when-full",
      "cache-exact-hole-missed",
    ]);
    expect(one.sample?.hashes.length).toBeGreaterThan(100);
    expect(two.sample?.hashes).not.toEqual(one.sample?.hashes);
  });
});
