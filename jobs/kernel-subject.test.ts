import { describe, expect, test } from "vitest";
import { INTERLEAVED, interleavedCalled } from "../counterexamples/interleavings.ts";
import { BOUNDS } from "../engine/bounds.testing.ts";
import { explore } from "../engine/search/explore.ts";
import { explore as job } from "./explore/explore.ts";
import { parametersOf } from "./parameters.ts";
import { prepare, subjectNamed } from "./subject.ts";

function actionsOf(kernel: string, scope: string): readonly string[] {
  const subject = subjectNamed(kernel);
  const opened = subject.open(parametersOf(subject, scope), { merged: true, orders: "all" });
  return opened.machine.actions;
}

describe("a bug by its number", () => {
  test("whose laws the usual scope does not judge is explored where one of them is violated", async () => {
    const { reports, parameters } = await job("C7", {});
    expect(parameters).toMatchObject({ pages: 8, block: 4 });
    expect(reports.map(({ law, bug }) => [law, bug])).toContainEqual([
      "no-alias-after-unmap-aliases",
      "vb-full-block-stale",
    ]);
    const narrow = await job("C7", { scope: "pages=3" });
    expect(narrow.parameters).toMatchObject({ pages: 3, block: 0 });
  });

  test("of the usual scope is explored there, to the end", async () => {
    const { parameters, reports, result } = await job("A1", {});
    expect(parameters).toMatchObject({ block: 0 });
    expect([result.ended, reports.map(({ bug }) => bug)]).toEqual([
      "fixpoint",
      expect.arrayContaining(["va-gap-offbyone"]),
    ]);
  });

  test("of which no law is judged in any scope, or which the usual one does not reach, is said not to show", async () => {
    for (const [name, unseen] of [
      ["B4", "vunmap-no-cache-flush"],
      ["C3", "vb-head-insert-exhaustion"],
      ["A1", undefined],
      ["2.6.37", undefined],
    ] as const)
      expect([name, (await job(name, {})).unseen]).toEqual([name, unseen]);
  });

  test("of the step grain stands for its protocol, in the scope in which it is pinned", async () => {
    const { subject, parameters, reports } = await job("C13", {});
    expect([subject.name, parameters]).toEqual(["blocks-6.12", { cpus: 2, blocks: 1, pages: 2 }]);
    expect(reports.map(({ bug }) => bug)).toEqual([interleavedCalled("C13")?.id]);
  });

  test.each(INTERLEAVED.map(({ id }) => id))("%s of the step grain is known", async (id) => {
    await prepare(id);
    expect(subjectNamed(id).name).not.toBe("");
  });
});

const TWO_CPUS = "pages=3,aligns=1,windows=1,cpus=2";

describe("on two CPUs", () => {
  test("areas are requested on each CPU if nodes have pools, and vm_unmap_aliases is called", () => {
    const actions = actionsOf("6.12", TWO_CPUS);
    expect(actions).toEqual(
      expect.arrayContaining(["alloc 2 in [16,19)", "alloc 2 in [16,19) on 1", "unmapAliases"]),
    );
    expect(actions).not.toContain("alloc 2 in [16,19) on 1 without waiting");
  });

  test("of 6.19 also without waiting", () => {
    expect(actionsOf("6.19", TWO_CPUS)).toContain("alloc 2 in [16,19) on 1 without waiting");
  });

  test("a kernel without pools is refused, unless callers map", () => {
    expect(() => actionsOf("6.5", TWO_CPUS)).toThrow(
      "more than one CPU makes no difference without blocks or pools",
    );
    expect(actionsOf("6.5", `${TWO_CPUS},block=2`)).not.toContain("alloc 2 in [16,19) on 1");
  });
});

describe("calls outside their domain", () => {
  const AREAS = "pages=3,sizes=1,aligns=1,windows=1";

  test("are among the actions only if the scope has them", () => {
    expect(actionsOf("6.1", AREAS)).not.toContain("alloc 0 in [16,19)");
    expect(actionsOf("6.1", `${AREAS},outside=1`)).toContain("alloc 0 in [16,19)");
    const mapping = `${AREAS},block=2,outside=1`;
    expect(actionsOf("6.1", mapping)).toEqual(expect.arrayContaining(["mapRam 0 on 0", "unmapRam 0 at 17"]));
  });

  test("stop a kernel that reads what it did not find, but not its release", () => {
    // That law's usual scope has blocks, and so a map of no page (C14).
    const scope = `${AREAS},block=0,cpus=1,gap=0,outside=1`;
    const found = violating("4.19", "argument-domain", scope);
    expect(found).toEqual({ bug: "vfree-of-none-read", commands: 1 });
    expect(violating("4.15.0", "argument-domain", scope)).toBeUndefined();
  });
});

describe("a call that does not return", () => {
  test("is found by exploration, in one command", () => {
    expect(violating("va-notifier-frees-nothing", "calls-return", "pages=3")).toEqual({
      bug: "va-notifier-frees-nothing",
      commands: 1,
    });
  });
});

/** The first violation of this law in the usual scope, or in this one. */
function violating(name: string, law: string, scope?: string) {
  const subject = subjectNamed(name, law);
  const opened = subject.open(parametersOf(subject, scope), { merged: true, orders: "all" });
  const { violations } = explore(opened.machine, { bounds: BOUNDS, enough: (laws) => laws.includes(law) });
  const found = violations.find((each) => each.law === law);
  return found && { bug: opened.explain(found).bug, commands: found.run.length };
}

describe("a requested law is explored by default in a scope in which callers can violate it:", () => {
  test.each([
    ["aug-percpu-jump", "highest-congruent-fit", "aug-percpu-jump", 5],
    ["no-guard-adjacency", "guard-between-vmaps", "no-guard-adjacency", 2],
    ["vb-hash-gap-cpu", "argument-domain", "vb-hash-gap-cpu", 2],
    ["6.19", "pools-hide-no-room", "va-pools-hide-room", 3],
  ])("%s violates %s", (name, law, bug, commands) => {
    expect(violating(name, law)).toEqual({ bug, commands });
  });

  test("with what it needs, and no more", () => {
    const differing = (law: string) => {
      const usual = subjectNamed("6.19").parameters;
      return Object.entries(subjectNamed("6.19", law).parameters)
        .filter(([key, parameter]) => parameter.usual !== usual[key]?.usual)
        .map(([key]) => key);
    };
    expect(differing("lowest-fit-at-a-page")).toEqual([]);
    expect(differing("init-order")).toEqual([]);
    expect(differing("lazy-bounded")).toEqual(["lazy"]);
    expect(differing("no-stale-translation")).toEqual(["pages", "block"]);
    expect(differing("highest-congruent-fit")).toContain("percpu");
    expect(differing("guard-between-vmaps")).toContain("vmap");
    expect(differing("argument-domain")).toContain("gap");
  });
});

describe("a violation of a kernel with one step replaced", () => {
  test("is attributed to a bug of its release, if that explains it", () => {
    const of6_5 = violating("6.5", "refused-only-when-full", "pages=6");
    expect(of6_5?.bug).toBe("aug-align-overhead");
    expect(violating("vb-fragment-double-walk", "refused-only-when-full", "pages=6")).toEqual(of6_5);
  });

  test("is attributed to the replaced step otherwise", () => {
    const scope = "pages=8,sizes=1,aligns=1,windows=1,block=4";
    expect(violating("vb-fragment-double-walk", "usable-blocks-stay", scope)?.bug).toBe(
      "vb-fragment-double-walk",
    );
  });
});
