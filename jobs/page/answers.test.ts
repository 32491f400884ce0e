import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { fileOf } from "../../adapters/complaints.testing.ts";
import { readPinned } from "../pin/pinned.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { allWings } from "../wings.ts";
import { answer, type Given, givenBy } from "./answers.ts";
import type { Film, HandState, Matrix, RunFilm, Start } from "./documents.ts";
import { FoundHistories } from "./found.ts";

const NOTHING: Given = { found: new FoundHistories() };

const ask = <D>(address: string, given: Given = NOTHING) => {
  const [path = "", words = ""] = address.split("?");
  return answer(path, new URLSearchParams(words), given, {}) as Promise<D>;
};

describe("the page may not ask for", () => {
  test.each([
    ["a file by its name", "history?target=/etc/passwd", /no bug/],
    ["the given file, if none was given", "history?target=file", /no bug/],
    ["a tree", "history?target=C7&kernel=tree:/etc", /command line only/],
    ["a tree to check", "check?kernel=tree:/etc", /command line only/],
    ["a tree to explore", "state?machine=tree:/etc", /command line only/],
    ["the given tree, if none was given", "check?kernel=tree", /no tree was given/],
    ["more histories than a check has", "check?kernel=6.12&runs=99999", /from 0 to 1500/],
    ["anything else", "../package.json", /nothing at/],
    ["a path of words", "state?machine=6.12&path=a.b", /numbers between dots/],
    ["an action that cannot be taken", "state?machine=6.12&path=9999", /action 1 of the path/],
  ])("%s", async (_what, address, why) => {
    await expect(ask(address)).rejects.toThrow(why);
  });
});

test("What is given is a bug, a file or a tree, and a word for none of them is refused.", async () => {
  expect(await givenBy("C7")).toMatchObject({ bug: "C7" });
  expect(await givenBy("./mine.json")).toMatchObject({ file: "./mine.json" });
  expect(await givenBy("tree:/usr/src/linux")).toMatchObject({ tree: "/usr/src/linux" });
  await expect(givenBy("C99")).rejects.toThrow(/no bug "C99"/);
});

test("The matrix has a violation where, and only where, the catalogue has one, and its cell opens that history.", async () => {
  const { subjects } = await ask<Matrix>("matrix");
  const bugs = (await allWings()).flatMap((wing) => [...wing.bugs]);
  const calls = subjects.filter(({ grain }) => grain === "call");
  expect(calls.length).toBeGreaterThan(15);
  for (const { name, cells } of calls) {
    const violated = cells.filter(({ opens }) => opens !== null).map(({ law }) => law);
    const listed = bugs
      .flatMap(({ violations }) => violations)
      .filter(({ on }) => on.includes(name))
      .map(({ law }) => law);
    expect(new Set(violated)).toEqual(new Set(listed));
  }
  const opened = calls.flatMap(({ cells }) =>
    cells.flatMap(({ law, opens }) => (opens ? [{ law, opens }] : [])),
  );
  for (const { law, opens } of opened.filter((_each, nth) => nth % 40 === 0))
    expect((await ask<Film>(opens)).violations.map(({ id }) => id)).toContain(law);
});

test("The violation of no-alias-after-unmap-aliases is explained by the entry that is left.", async () => {
  const { outcome, blame, steps } = await ask<Film>("history?target=C7");
  expect(outcome).toBe("violated");
  expect(blame?.text).toMatch(/^CPU 0 still translates page 64 to frame 1/);
  expect(blame?.marks).toMatchObject([{ row: "tlb", cpu: 0, start: 64, end: 65 }]);
  expect(steps.at(-1)?.laws).toContain("no-alias-after-unmap-aliases");
});

test("A page that a gather freed too early is named, with the range that no flush covered.", async () => {
  const { blame } = await ask<Film>("history?target=D1");
  expect(blame?.text).toBe("Frame 100 was freed, and no flush has covered 0x0 to 0x1000 since.");
  expect(blame?.marks).toMatchObject([{ row: "removed", start: 0, end: 1 }]);
});

test("A purge that was not needed is explained by where the request fits.", async () => {
  const { blame, violations } = await ask<Film>("history?target=A9&law=purge-only-when-full");
  expect(violations.map(({ id }) => id)).toContain("purge-only-when-full");
  expect(blame?.text).toMatch(/^It purged, and \d+ pages? fits? at page \d+ before that\.$/);
});

test("On a kernel without the bug the same history is accepted, and nothing is explained.", async () => {
  const film = await ask<Film>("history?target=C7&kernel=6.12");
  expect([film.outcome, film.blame, film.violations]).toEqual(["accepted", null, []]);
});

test("A tree that was given is one more kernel to ask, of the wing that it belongs to.", async () => {
  const given: Given = { tree: "/none", found: new FoundHistories() };
  const namesOf = async (bug: string) =>
    (await ask<Film>(`history?target=${bug}`, given)).kernels.map(({ name }) => name);
  expect(await namesOf("C7")).toContain("tree");
  expect(await namesOf("D1")).not.toContain("tree");
  expect((await ask<Film>("history?target=C7")).kernels.map(({ name }) => name)).not.toContain("tree");
});

describe("by hand", () => {
  test("an action that would violate a law says so, and does once it is taken", async () => {
    const first = await ask<HandState>("state?machine=3.1&scope=pages=6,windows=1&path=");
    expect(first.taken).toEqual([]);
    let path: number[] = [];
    let found: HandState | undefined;
    for (let depth = 0; depth < 4 && found === undefined; depth++) {
      const { actions } = await ask<HandState>(
        `state?machine=3.1&scope=pages=6,windows=4,top=1&path=${path.join(".")}`,
      );
      const violating = actions.find(({ laws }) => laws.length > 0);
      path = [...path, (violating ?? actions[0])?.action ?? 0];
      if (violating === undefined) continue;
      found = await ask<HandState>(`state?machine=3.1&scope=pages=6,windows=4,top=1&path=${path.join(".")}`);
      expect(found.taken.at(-1)?.laws).toEqual(violating.laws);
      expect(found.file).toContain(`"law": "${violating.laws[0]}"`);
    }
    expect(found).toBeDefined();
  });

  test("a protocol's steps are taken as an explorer takes them", async () => {
    const { actions, fields } = await ask<HandState>("state?machine=blocks-6.12");
    expect(fields).toEqual([]);
    const { taken, fields: after } = await ask<HandState>(
      `state?machine=blocks-6.12&path=${actions[0]?.action}`,
    );
    expect(taken.map(({ text }) => text)).toEqual([actions[0]?.text]);
    expect(after.length).toBeGreaterThan(0);
  });
});

test("A history that a check found beside the catalogue is drawn under its name, and on other kernels.", async () => {
  const given: Given = { found: new FoundHistories() };
  const wing = OPEN_VMAP;
  const kernel = wing.kernels.find(({ name }) => name === "3.16") as (typeof wing.kernels)[number];
  const bug = wing.bugs.find(({ number }) => number === "A9") as (typeof wing.bugs)[number];
  const pinned = bug.violations.find(({ law }) => law === "lowest-fit") as (typeof bug.violations)[number];
  const { scope, commands } = await readPinned(wing, bug, pinned);
  const surprise = { kind: "unknown", kernel: "3.16", what: "", law: "lowest-fit", replay: null } as const;
  const name = given.found.keep(wing, kernel, { ...surprise, scope, history: commands });
  const film = await ask<Film>(`history?target=${name}`, given);
  expect([film.outcome, film.violations[0]?.id]).toEqual(["violated", "lowest-fit"]);
  expect((await ask<Film>(`history?target=${name}&kernel=5.17`, given)).outcome).toBe("accepted");
  await expect(ask(`history?target=${name}&kernel=tree:/etc`, given)).rejects.toThrow(/command line only/);
  await expect(ask("history?target=found-99", given)).rejects.toThrow(/no bug/);
});

describe("a file of the command line", () => {
  const RECORDINGS = new URL("../../adapters/vmap/recordings/", import.meta.url);
  const RUN = fileURLToPath(new URL("../../trees/vmap/runs/vb-full-block-stale.json", import.meta.url));
  const given = (file: string): Given => ({ file, found: new FoundHistories() });

  test("that is a recording without a violation is shown from its first trace, and by the line of any", async () => {
    const lines = gunzipSync(readFileSync(new URL("2.6.39.jsonl.gz", RECORDINGS)))
      .toString()
      .split("\n");
    const file = fileOf(`${lines.slice(0, 2).join("\n")}\n`, ".jsonl");
    const film = await ask<Film>("history?target=file", given(file));
    expect(film).toMatchObject({ outcome: "accepted", trace: 1, violations: [], blame: null });
    expect(film.about).toContain("None of the 2 traces of this file violates a law.");
    expect(film.steps.length).toBe(film.of);
    expect((await ask<Film>("history?target=file&trace=2", given(file))).trace).toBe(2);
    await expect(ask("history?target=file&trace=3", given(file))).rejects.toThrow(/no trace on line 3/);
    await expect(ask("history?target=file&trace=x", given(file))).rejects.toThrow(/number of a line/);
  });

  test("that is a recording with a violation is shown from the trace that has it", async () => {
    const file = fileURLToPath(new URL("2.6.39.jsonl.gz", RECORDINGS));
    const film = await ask<Film>("history?target=file", given(file));
    expect([film.outcome, film.violations[0]?.id]).toEqual(["violated", "no-bug"]);
    expect(film.trace).toBeGreaterThan(2);
  });

  test("that is a run of a tree's own code has a lane for each CPU, with the locks it holds, and is not run", async () => {
    expect((await ask<Start>("start", given(RUN))).opens).toBe("run?target=file");
    const film = await ask<RunFilm>("run?target=file", given(RUN));
    expect([film.outcome, film.violations, film.lanes]).toEqual(["unknown", [], ["CPU 1"]]);
    expect(film.verdict).toMatch(/^By its file this run violates no-alias-after-unmap-aliases in 10 steps/);
    const held = film.steps.map(({ holds }) => holds[0]);
    expect(held[5]).toEqual([]);
    expect(held[6]).toEqual(["&vmap_purge_lock"]);
    expect(held[9]).toEqual([]);
    expect(film.steps.map(({ idle }) => idle[0])).toEqual([...Array(9).fill(false), true]);
  });
});
