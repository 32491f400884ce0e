/** A checkpoint of `explore` as an untrusted file: it is refused in one line, or continued. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { oneLine } from "../../adapters/input-error.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { explore } from "../../engine/search/explore.ts";
import type { Explored, Saved } from "../../engine/search/visitable.ts";
import { subjectNamed } from "../subject.ts";
import type { SubjectInstance } from "../subject-types.ts";
import { UsageError } from "../usage-error.ts";
import { orNotOfMachine, readSearch, refuseOtherMachine, savingTo } from "./saved-search.ts";

const folder = mkdtempSync(join(tmpdir(), "vmapcheck-saved-"));
const named = {
  machine: "reset-perms-5.2-rc3",
  parameters: { cpus: 2, areas: 1 },
  merged: false,
  orders: "all" as const,
};

const opened = (): SubjectInstance => subjectNamed(named.machine).open(named.parameters, named);

function explored(resume: Saved | undefined, save: (search: Saved) => void): Explored {
  return explore(opened().machine, {
    bounds: resume === undefined ? { ...BOUNDS, states: 100 } : BOUNDS,
    enough: () => false,
    resume,
    saving: { due: () => false, save },
  });
}

let files = 0;

/** A search that ended at a bound, with a change before it was saved. */
function saved(change: (search: Saved) => Saved = (search) => search): string {
  const path = join(folder, `${++files}.checkpoint`);
  explored(undefined, (search) => savingTo(path, 0, opened().machine, named).save(change(search)));
  return path;
}

/** The file with a changed owner, and a right checksum. */
function withOwner(change: (owner: { parameters: object }) => object): string {
  const path = saved();
  const whole = readFileSync(path);
  const end = whole.indexOf("\n", whole.indexOf("\n") + 1) + 1;
  const [magic = "", line = ""] = whole.toString("utf8", 0, end).split("\n");
  const { owner, ...header } = JSON.parse(line);
  const changed = JSON.stringify({ ...header, owner: { ...owner, ...change(owner) } });
  const bytes = Buffer.concat([Buffer.from(`${magic}\n${changed}\n`), whole.subarray(end, -32)]);
  writeFileSync(path, Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]));
  return path;
}

/** Continues the search and reports every violation, as `explore` does. */
async function goOn(path: string): Promise<number> {
  const search = await readSearch(path);
  const { machine, explain } = opened();
  await refuseOtherMachine(search, machine);
  return orNotOfMachine(search, () => {
    const { violations } = explored(search.checkpoint.saved, () => {});
    for (const broken of violations) explain(broken);
    return violations.length;
  });
}

/** The line with which the file is refused. */
async function refusal(path: string): Promise<string> {
  const error = await goOn(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  const { message } = error as UsageError;
  expect(oneLine(message)).toBe(message);
  return message.replace(path, "FILE");
}

test("an unchanged checkpoint is continued, whatever the order of its parameters", async () => {
  expect(await goOn(saved())).toBeGreaterThan(0);
  const turned = withOwner(() => ({ parameters: { areas: 1, cpus: 2 } }));
  expect(Object.keys((await readSearch(turned)).named.parameters)).toEqual(["cpus", "areas"]);
});

describe("a checkpoint is refused in one line that has", () => {
  test.each([
    ["more", { cpus: 2, areas: 1, "\u001b[31m\n": 1 }, /has no parameter "\\u001b\[31m\\n"$/],
    ["less", { cpus: 2 }, /areas \(areas\) is from 1 to 4, not given$/],
    ["too large", { cpus: 2, areas: 99 }, /areas \(areas\) is from 1 to 4, not 99$/],
  ])("a scope of %s parameters", async (_what, parameters, line) => {
    expect(await refusal(withOwner(() => ({ parameters })))).toMatch(line);
  });

  test("another version, whatever its name", async () => {
    expect(await refusal(withOwner(() => ({ version: "9\n\u001b[2J" })))).toMatch(
      /^--resume FILE: version "9\\n\\u001b\[2J" wrote it, and this is version \d/,
    );
  });

  test("an unknown machine", async () => {
    expect(await refusal(withOwner(() => ({ machine: "\n" })))).toMatch(/^there is no machine "\\n"/);
  });

  test("states that are not of the machine, with a right checksum", async () => {
    const forged = saved(({ table, findings, ...search }) => ({
      ...search,
      table,
      findings: { ...findings, violated: [0], first: [{ from: 50, action: 0, length: 1 }] },
    }));
    expect(await refusal(forged)).toMatch(/^--resume FILE: its states are not of this machine: /);
  });
});
