import { describe, expect, test } from "vitest";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { complaintOf, fileOf } from "../complaints.testing.ts";
import { askedFor, formatHistory, type HistoryFile, historyIn, readHistory } from "./history-file.ts";

const ALLOC: HistoryStep = { op: "alloc", size: 1, align: PAGE_SIZE, vstart: 8, vend: 40, map: false };
const MAP: HistoryStep = { op: "mapRam", cpu: 0, count: 2 };
const VMAP: HistoryStep = { op: "vmap", count: 2, noGuard: true };
const WINDOW = { vstart: 8, vend: 40 };
const BLOCKS = { blockPages: 8, bitsPerLong: 4 };

function history(scope: Partial<Scope>, commands: readonly HistoryStep[]): HistoryFile {
  const machine = { name: "pinned", wordPages: 64, cpus: 2, lazyMaxPages: 3 };
  return {
    kernel: "6.19",
    law: "refused-only-when-full",
    scope: { ...AREAS_ONLY, ...machine, ...scope, ...askedFor(commands) },
    commands,
  };
}

const onCpu1: HistoryStep = { ...ALLOC, cpu: 1, noblock: true } as HistoryStep;

describe("a history that is written and read again is the same", () => {
  test.each<[string, Partial<Scope>, readonly HistoryStep[]]>([
    ["areas in the vmalloc window, on two CPUs", { vmalloc: WINDOW }, [ALLOC, onCpu1]],
    ["areas beside unused blocks, on two CPUs", { vmalloc: WINDOW, ...BLOCKS }, [ALLOC]],
    ["maps in blocks, on one CPU", { vmalloc: WINDOW, ...BLOCKS, cpus: 1 }, [ALLOC, MAP]],
    [
      "maps in areas of their own, without blocks",
      { vmalloc: WINDOW, cpus: 1 },
      [VMAP, { op: "free", area: 0 }],
    ],
    ["areas of a machine without a vmalloc window", {}, [ALLOC]],
    ["the boot", { beforeInit: true }, [{ op: "unmapAliases" }, { op: "init" }]],
  ])("A history is the same after it is written and read again: %s", (_what, scope, commands) => {
    const file = history(scope, commands);
    expect(historyIn("history.json", JSON.parse(formatHistory(file)))).toEqual(file);
  });

  test("A history of areas on one CPU, written and read again, is the same except for the window, which no reply shows", () => {
    const text = formatHistory(history({ cpus: 1, vmalloc: WINDOW, ...BLOCKS }, [ALLOC]));
    expect(JSON.parse(text).scope).toEqual({ wordPages: 64, cpus: 1, lazyMaxPages: 3 });
  });
});

test.each<[HistoryStep, string, Partial<Scope>]>([
  [VMAP, "scope.vmalloc", {}],
  [MAP, "scope.blocks", { vmalloc: WINDOW }],
])("%o is refused without %s", async (step, missing, scope) => {
  const path = fileOf(formatHistory(history(scope, [step])), ".json");
  expect(await complaintOf(() => readHistory(path), path)).toMatch(
    `FILE: commands[0].op: expected ${missing},`,
  );
});

describe("a vmalloc window in a file is refused", () => {
  const written = JSON.parse(formatHistory(history({ vmalloc: WINDOW }, [ALLOC])));
  test.each([
    [
      "beyond the space",
      { vmalloc: { vstart: 8, vend: 64 } },
      /^FILE: scope\.vmalloc\.vend: expected at most 63/,
    ],
    ["of no page", { vmalloc: { vstart: 8, vend: 8 } }, /^FILE: scope\.vmalloc\.vstart: expected a window/],
    [
      "beside blocks",
      { blocks: { ...WINDOW, ...BLOCKS } },
      /^FILE: scope\.vmalloc: expected none beside blocks/,
    ],
  ])("A vmalloc window %s is refused in a file", async (_what, more, expected) => {
    const text = JSON.stringify({ ...written, scope: { ...written.scope, ...more } });
    const path = fileOf(text, ".json");
    expect(await complaintOf(() => readHistory(path), path)).toMatch(expected);
  });
});

describe("what a command names", () => {
  const free: HistoryStep = { op: "free", area: 0 };
  const written = JSON.parse(formatHistory(history({ vmalloc: WINDOW }, [ALLOC, free])));

  test("A command names steps from 1, as all output does", () => {
    expect(written).toMatchObject({ vmapcheck: 2, commands: [{ op: "alloc" }, { op: "free", area: 1 }] });
    expect(historyIn("history.json", written).commands[1]).toEqual(free);
  });

  test("A file of version 1, which counts steps from 0, is read with the same meaning", () => {
    const older = { ...written, vmapcheck: 1, commands: [ALLOC, free] };
    expect(historyIn("history.json", older)).toEqual(historyIn("history.json", written));
  });
});

test("A history need not say which law it violates", () => {
  const { law: _none, ...withoutLaw } = history({}, [ALLOC]);
  const text = formatHistory(withoutLaw);
  expect(JSON.parse(text)).not.toHaveProperty("law");
  expect(historyIn("history.json", JSON.parse(text))).toEqual(withoutLaw);
});
