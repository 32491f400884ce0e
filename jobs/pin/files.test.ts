/** The place of a shrunk history, and the entries that the catalogue then needs; near-duplicates are not filed. */

import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { formatHistory, type HistoryFile, readHistory } from "../../adapters/vmap/history-file.ts";
import { pinVerb } from "../../cli/verbs/pin.ts";
import type { Bug } from "../../counterexamples/vmap/bug.ts";
import { CANARIES } from "../../counterexamples/vmap/controls/canaries.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { kernelNamed } from "../names.ts";
import { UsageError } from "../usage-error.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { filingOf } from "./files.ts";
import { pinnedFile } from "./pinned.ts";

const before = process.cwd();
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vmapcheck-files-"));
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(before);
  vi.restoreAllMocks();
});

const C7 = bugCalled("C7") as Bug;
const LAW = "no-alias-after-unmap-aliases";
const PINNED = pinnedFile(C7, C7.violations.find(({ law }) => law === LAW) as Bug["violations"][number]);

const historyOf = (file: HistoryFile, commands: readonly HistoryStep[]): HistoryFile => ({
  ...file,
  commands,
});

/** The pinned history with a step more that changes nothing, before its last. */
async function longer(): Promise<HistoryFile> {
  const pinned = await readHistory(PINNED);
  return historyOf(pinned, [...pinned.commands.slice(0, -1), { op: "tlb" }, ...pinned.commands.slice(-1)]);
}

/** Writes a history where `pin` looks. */
function write(path: string, history: HistoryFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, formatHistory(history));
}

describe("a violation of no-alias-after-unmap-aliases by a tree", () => {
  const ofTree = async () => write("mine.json", { ...(await readHistory(PINNED)), kernel: "tree:mine" });
  const REFUSED =
    "mine.json: the catalogue has no place for a history of tree:mine: use replay FILE or pin FILE --reproducer, or pin it by --kernel LABEL on a model that violates that too";

  test("is refused, by the history's own kernel or the one asked, and nothing is filed", async () => {
    await ofTree();
    await expect(pinVerb("mine.json", { json: false })).rejects.toThrow(REFUSED);
    await expect(pinVerb("mine.json", { json: true, law: LAW })).rejects.toThrow(UsageError);
    write("mine.json", await readHistory(PINNED));
    await expect(pinVerb("mine.json", { json: false, kernel: "tree:mine" })).rejects.toThrow(REFUSED);
    expect(readdirSync(folder)).toEqual(["mine.json"]);
  });

  test("is pinned on a model that violates it too", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await ofTree();
    expect(await pinVerb("mine.json", { json: true, kernel: "3.16" })).toBe(0);
    expect(JSON.parse(log.mock.calls.join())).toMatchObject({ law: LAW, bug: C7.id, kernel: "3.16" });
  });
});

describe("a violation that the catalogue has pinned", () => {
  const found = async (bug: Bug, history: HistoryFile | undefined = undefined) =>
    filingOf(OPEN_VMAP, {
      kernel: kernelNamed("3.16"),
      law: LAW,
      bug,
      history: history ?? (await readHistory(PINNED)),
    });

  test("is not filed again, even if the history names no law and takes more commands", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const { law: _none, ...history } = await longer();
    write("mine.json", history);
    expect(await pinVerb("mine.json", { json: true })).toBe(0);
    const pinned = JSON.parse(log.mock.calls.join());
    expect(pinned).toMatchObject({ law: LAW, bug: C7.id, filed: false, commands: 5, shrunk: 5, needs: [] });
    expect(join(folder, pinned.history)).toBe(PINNED);
    expect(readdirSync(folder)).toEqual(["mine.json"]);
    expect(await pinVerb("mine.json", { json: false })).toBe(0);
    expect(log.mock.calls.join("\n")).toContain(
      "nothing filed: this violation is pinned already in 5 commands",
    );
  });

  test("is reported to need its label, if the entry lacks it", async () => {
    const elsewhere = { ...C7, violations: C7.violations.map((each) => ({ ...each, on: ["2.6.28"] })) };
    const { already, needs } = await found(elsewhere);
    expect(already?.commands).toBe(5);
    expect(needs).toEqual([
      expect.stringMatching(/the entry of "vb-full-block-stale": "3\.16" in `on` of the entry of/),
    ]);
  });

  test("replaces a longer one, if it violates the law wherever that does and not on the repaired kernel", async () => {
    const [entry] = C7.violations.filter(({ law }) => law === LAW) as [Bug["violations"][number]];
    write("long.json", await longer());
    const asLong = { ...entry, pinned: relative(dirname(PINNED), join(folder, "long.json")) };
    const { already, replaces, needs } = await found({ ...C7, violations: [asLong] });
    expect({ already, replaced: replaces?.commands }).toEqual({ already: undefined, replaced: 6 });
    expect(needs.join("\n")).toMatch(
      /SHORTEST_KNOWN, "vb-full-block-stale": 5 in place of 6\n.*SHORTEST_SPACES/,
    );
    // A label on which it does not: then it goes beside it.
    const wider = { ...asLong, on: [...entry.on, "6.5"] };
    const beside = await found({ ...C7, violations: [wider] });
    expect(beside).toMatchObject({ replaces: undefined, path: `counterexamples/vmap/${C7.id}/${LAW}.json` });
  });

  test("is filed under a law without an entry, with the entries that the tests need", async () => {
    const { already, path, needs } = await found({ ...C7, violations: [] });
    expect({ already, path }).toEqual({
      already: undefined,
      path: `counterexamples/vmap/${C7.id}/${LAW}.json`,
    });
    expect(needs[0]).toBe(
      `counterexamples/vmap, the entry of "${C7.id}": { law: "${LAW}", on: ["3.16"], pinned: "${LAW}.json", repaired: ... } in \`violations\``,
    );
    expect(needs.join("\n")).toMatch(/SHORTEST_KNOWN[\s\S]*SHORTEST_SPACES/);
  });

  test("asks for no entry that is there already, such as that of a new bug before its file", async () => {
    const [entry] = C7.violations.filter(({ law }) => law === LAW) as [Bug["violations"][number]];
    const fresh = { ...C7, id: "fresh-bug", violations: [{ ...entry, pinned: `${LAW}.json` }] };
    const { path, needs } = await found(fresh);
    expect(path).toBe(`counterexamples/vmap/fresh-bug/${LAW}.json`);
    expect(needs.join("\n")).not.toContain("the entry of");
    expect(needs.join("\n")).toMatch(/SHORTEST_KNOWN, "fresh-bug": 5[\s\S]*SHORTEST_SPACES/);
  });
});

describe("a violation that the catalogue does not know", () => {
  const canary = CANARIES.find(({ law }) => law === "aligned") as (typeof CANARIES)[number];
  const alloc: HistoryStep = { op: "alloc", size: 1, align: 8192, vstart: 17, vend: 32, map: false };
  const folderOf = `counterexamples/vmap/unknown-aligned-${canary.kernel.name}`;
  const filing = async (commands: readonly HistoryStep[]) => {
    const { scope } = await readHistory(PINNED);
    const history = { kernel: canary.kernel.name, law: "aligned", scope, commands };
    return {
      history,
      ...(await filingOf(OPEN_VMAP, { kernel: canary.kernel, law: "aligned", bug: undefined, history })),
    };
  };

  test("gets a folder of its own, and the files that a bug needs are listed", async () => {
    const { path, needs } = await filing([alloc]);
    expect(path).toBe(`${folderOf}/aligned.json`);
    expect(needs.join("\n")).toMatch(
      /a table of counterexamples\/vmap[\s\S]*SHORTEST_KNOWN[\s\S]*SHORTEST_SPACES/,
    );
  });

  test("is kept only in its shortest history", async () => {
    const long = await filing([{ op: "purge" }, alloc]);
    write(long.path, long.history);
    const same = await filing([{ op: "tlb" }, alloc]);
    expect(same).toMatchObject({ already: { path: long.path, commands: 2 }, path: long.path });
    const short = await filing([alloc]);
    expect(short).toMatchObject({ already: undefined, path: long.path, replaces: { commands: 2 } });
  });

  test("is not confused with another one in the same folder", async () => {
    const other = await filing([{ ...alloc, align: 4096 } as HistoryStep]);
    write(other.path, other.history);
    expect((await filing([alloc])).path).toBe(`${folderOf}/aligned.2.json`);
  });
});
