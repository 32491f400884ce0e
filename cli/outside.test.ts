/** A second vfree, as a user writes it: the call is sent, and the release warns. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { elsewhere, json, vmapcheck } from "./running.testing.ts";

const HISTORY = {
  vmapcheck: 1,
  kernel: "4.19",
  law: "argument-domain",
  scope: { wordPages: 256, cpus: 2, lazyMaxPages: 6 },
  commands: [
    { op: "alloc", size: 2, align: 1, vstart: 64, vend: 96 },
    { op: "free", area: 0 },
    { op: "free", area: 0 },
  ],
};
const TWICE = join(elsewhere, "twice.json");
writeFileSync(TWICE, JSON.stringify(HISTORY));

const NOWHERE = join(elsewhere, "nowhere.json");
writeFileSync(NOWHERE, JSON.stringify({ ...HISTORY, commands: [{ op: "free", page: 80 }] }));

describe("replay of a second vfree", () => {
  test("sends it, and 4.19 warns and keeps its promises", async () => {
    const { code, out } = await vmapcheck("replay", TWICE);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^step 3 of 3: {2}free 64 {2}-> {2}done, warned: Trying to vfree\(\) nonexistent vm area$/m,
    );
    expect(out).toContain("accepted: 4.19");
  });

  test("stops 3.1, which has nothing better for it", async () => {
    const { code, out } = await vmapcheck("replay", TWICE, "--kernel", "3.1");
    expect(code).toBe(0);
    expect(out).toMatch(/^step 3 of 3: {2}free 64 {2}-> {2}BUG: remove_vm_area/m);
  });
});

describe("replay of a vfree where no area is", () => {
  test.each(["4.17", "5.1"])("is accepted of a release that warns: %s", async (kernel) => {
    const { document } = await json("replay", NOWHERE, "--kernel", kernel);
    expect(document).toMatchObject({ accepted: true, law: null });
  });

  test("is a violation of argument-domain where the kernel stops, and named", async () => {
    const { document } = await json("replay", NOWHERE);
    expect(document).toMatchObject({ accepted: false, law: "argument-domain", step: 1 });
    const { out } = await vmapcheck("replay", NOWHERE, "--kernel", "4.18");
    expect(out).toMatch(
      /^4\.18 \(= 4\.19\) violates argument-domain in step 1 of 1: vfree-of-none-read \(B28\)/,
    );
  });
});
