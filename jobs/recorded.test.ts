/** The judge of a recorded trace: the laws whose violation it can show, and the kernel whose bugs may explain one. */

import { describe, expect, test } from "vitest";
import { readHistory } from "../adapters/vmap/history-file.ts";
import type { Trace } from "../adapters/vmap/recording.ts";
import { type Exchange, isObservable, UNOBSERVABLE } from "../adapters/vmap/recording.ts";
import type { Bug, PinnedViolation } from "../counterexamples/vmap/bug.ts";
import { BUGS } from "../counterexamples/vmap/index.ts";
import { replay } from "../engine/run/stepper.ts";
import { vmapSpec } from "../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../model/vmap/world.ts";
import { benchFor } from "../properties/vmap/test-bench.ts";
import { judge } from "../spec/contract.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import { judgedAlsoBy } from "../spec/vmap/kernel.ts";
import { lawsCalled } from "../spec/vmap/laws/index.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { kernelNamed } from "./names.ts";
import { allPinned, pinnedFile } from "./pin/pinned.ts";
import { judgingOf } from "./vmap/recorded.ts";

const RECORDED: readonly Command["op"][] = [
  "alloc",
  "free",
  "mapRam",
  "unmapRam",
  "purge",
  "unmapAliases",
  "touch",
  "tlb",
];

/** The part of a reply that a recording keeps; undefined if it cannot be written. */
function recorded(response: Response): Response | undefined {
  if (response.kind === "hung" || response.kind === "found" || response.kind === "pinned") return undefined;
  const { descriptors: _d, usedAfterFree: _u, wholeFree: _w, dirtyLines: _l, ...rest } = response;
  const { usedAbsentCpu: _c, ...kept } = rest;
  return kept;
}

/** Whether the pinned history would still violate its law if it had been recorded. */
async function showsIn({
  bug,
  pinned,
}: {
  readonly bug: Bug;
  readonly pinned: PinnedViolation;
}): Promise<boolean | undefined> {
  const { scope, commands } = await readHistory(pinnedFile(bug, pinned));
  if (scope.beforeInit) return undefined;
  const kernel = judgedAlsoBy(kernelNamed(pinned.on[0] as string), pinned.law);
  const spec = vmapSpec(kernel.release);
  let before = spec.initial(scope);
  const exchanges: Exchange[] = [];
  for (const { command, response } of replay(benchFor(kernel, scope), commands, pinned.law)) {
    if (command === undefined || response === undefined) continue;
    const kept = recorded(response);
    if (kept === undefined || !RECORDED.includes(command.op)) return undefined;
    exchanges.push({ command, response: kept, dump: undefined, recorded: {} as Exchange["recorded"] });
    const verdict = judge<Scope, ImmutableWorld, Command, Response>(
      spec,
      lawsCalled([pinned.law]),
      before,
      command,
      kept,
    );
    if (!verdict.accepted && verdict.violated.length > 0)
      return isObservable({ scope, exchanges }, pinned.law);
    if (verdict.world === undefined) break;
    before = verdict.world;
  }
  return undefined;
}

describe("a law that recordings cannot show", () => {
  test.each(allPinned({ bugs: BUGS }))(
    "is not $pinned.law in $bug.id/$pinned.pinned, if its history could be recorded",
    async (each) => {
      const shown = await showsIn(each);
      expect(shown).not.toBe(false);
      if (UNOBSERVABLE.includes(each.pinned.law)) expect(shown).toBeUndefined();
    },
  );

  test("is none of those that pinned histories violate in a recording", async () => {
    const shown = new Set<string>();
    for (const each of allPinned({ bugs: BUGS }))
      if ((await showsIn(each)) === true) shown.add(each.pinned.law);
    expect([...shown].filter((law) => UNOBSERVABLE.includes(law))).toEqual([]);
    expect(shown.size).toBeGreaterThan(15);
  });
});

describe("a trace", () => {
  const traceOf = (label: string, lazyPages?: number) => {
    const reply = {
      kind: "done",
      flushes: [],
      pteSet: 0,
      pteCleared: 0,
      ...(lazyPages === undefined ? {} : { lazyPages }),
    };
    const exchange = { command: { op: "purge" }, response: reply, dump: undefined, recorded: {} };
    return {
      file: "f.jsonl",
      line: 1,
      label,
      promises: undefined,
      cut: undefined,
      scope: { blockPages: 0 },
      exchanges: [exchange],
    } as unknown as Trace;
  };

  test("is judged by what it can show, and the rest is said", () => {
    const { laws, unseen } = judgingOf(traceOf("5.11"), {});
    const ids = laws.map(({ id }) => id);
    expect(unseen).toEqual(
      expect.arrayContaining(["calls-return", "finds-areas", "lazy-count", "nothing-leaks"]),
    );
    expect(ids.filter((id) => unseen.includes(id))).toEqual([]);
    expect(ids).toContain("argument-domain");
    expect(judgingOf(traceOf("5.11", 0), {}).unseen).not.toContain("lazy-count");
    expect(() => judgingOf(traceOf("5.11"), { law: "finds-areas" })).toThrow(
      "no recording shows a violation of finds-areas",
    );
  });

  test.each([
    ["5.11", undefined, "5.11", undefined],
    ["5.15.120", undefined, "5.11", "the promises of 5.11, as which 5.15.120 answers"],
    ["5.15.120", "5.11", "5.11", "the promises of 5.11"],
    ["linux-5.15.3", "5.11", "5.11", "the promises of 5.11"],
    ["0.3.1", "5.11", undefined, "the promises of 5.11"],
    ["2.6", "5.11", undefined, "the promises of 5.11"],
    ["99.1", "5.11", undefined, "the promises of 5.11"],
    ["slab 5.11", "5.11", undefined, "the promises of 5.11"],
  ])("of %s, asked as %s, has the bugs of %s, and is judged by %s", (label, as, release, by) => {
    const judging = judgingOf(traceOf(label), { as });
    expect([judging.release, judging.by]).toEqual([release, by]);
  });

  test("of a version that answers as no one release is not judged, and the line says why", () => {
    expect(() => judgingOf(traceOf("5.3"), {})).toThrow(
      /^f\.jsonl:1: version: no kernel here is called "5\.3": it lies between 5\.2 and 5\.4 .*: say --as LABEL/,
    );
    expect(() => judgingOf(traceOf("0.3.1"), {})).toThrow(/say --as LABEL/);
  });
});
