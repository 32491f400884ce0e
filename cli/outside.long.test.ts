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
  test("sends the call, and 4.19 warns and keeps its promises", async () => {
    const { code, out } = await vmapcheck("replay", TWICE);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^step 3 of 3: {2}free 64 {2}-> {2}done, warned: Trying to vfree\(\) nonexistent vm area$/m,
    );
    expect(out).toContain("accepted: 4.19");
  });

  test("stops 3.1, which has no check for it", async () => {
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

describe("a history that stops the kernel where its release promises no better", () => {
  test("is not said to be accepted: what follows was not run", async () => {
    const longer = join(elsewhere, "longer.json");
    const commands = [...HISTORY.commands, { op: "purge" }, { op: "purge" }];
    const { law: _none, ...history } = HISTORY;
    writeFileSync(longer, JSON.stringify({ ...history, commands }));
    const { code, out } = await vmapcheck("replay", longer, "--kernel", "2.6.28");
    expect(code).toBe(0);
    const first = out.split("\n\n")[0]?.replace(/\s+/g, " ");
    expect(first).toMatch(
      /^2\.6\.28 stops in step 3 of 5 \(BUG: remove_vm_area.*\), and promises no better there; 2 steps not run$/,
    );
    const { document } = await json("replay", longer, "--kernel", "2.6.28");
    expect(document).toMatchObject({ stopped: { step: 3, of: 5 }, law: null });
  });
});

describe("a free inside an area, which 6.6 obeys", () => {
  test("violates argument-domain first; the lazy count follows from it", async () => {
    const inside = join(elsewhere, "inside.json");
    const [alloc] = HISTORY.commands;
    const { law: _none, ...history } = HISTORY;
    writeFileSync(
      inside,
      JSON.stringify({ ...history, commands: [alloc, { op: "free", area: 0, offset: 1 }] }),
    );
    const { out } = await vmapcheck("replay", inside, "--kernel", "6.6");
    expect(out).toMatch(/^6\.6 \(= 6\.5\) violates argument-domain in step 2 of 2: vfree-inside-obeyed$/m);
    expect(out).toMatch(/^follows from it: lazy-count/m);
    expect(out).not.toContain("also violated by");
  });
});
