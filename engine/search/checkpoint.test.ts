/**
 * A saved search continues as if it had not been interrupted, wherever it ended; and a file is taken whole or refused.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { BOUNDS, IS_WHOLE, quickly } from "../bounds.testing.ts";
import { behaviourOf } from "../transitions.ts";
import { CheckpointError, type Known, readCheckpoint, refuseOther, writeCheckpoint } from "./checkpoint.ts";
import { explore } from "./explore.ts";
import { type Given, machineOf, sourceOf } from "./parallel.testing.ts";
import { exploringTogether } from "./parallel.ts";
import { KILLED } from "./saving.testing.ts";
import type { Explored, ExploreOptions, Saved, Visitable } from "./visitable.ts";

const folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
let files = 0;
const newFile = () => join(folder, `${++files}.checkpoint`);

const FREELY: ExploreOptions = { bounds: BOUNDS, enough: () => false };

const counted = ({
  states,
  edges,
  depth,
  deadlocks,
  fired,
  ended,
  violations,
  witnesses,
  shortest,
}: Explored) => ({
  states,
  edges,
  depth,
  deadlocks,
  fired: [...fired],
  ended,
  violations,
  witnesses: [...witnesses],
  shortest: shortest.map((lengths) => [...lengths]),
});

/** The machine, or what is made of it, and its behaviour, computed on another copy. */
function known(given: Given, change = (machine: Visitable): Visitable => machine): Known {
  return { machine: change(machineOf(given)), behaviour: behaviourOf(change(machineOf(given))) };
}

/** What was saved in a file, as it is read back. */
function reread(path: string, given: Given): Saved {
  const checkpoint = readCheckpoint(path);
  refuseOther(checkpoint, known(given));
  return checkpoint.saved;
}

/** Explores up to this many states, saves the search to a file, and returns its name. */
function savedAfter(states: number, given: Given, options: Partial<ExploreOptions> = {}): string {
  const path = newFile();
  const machine = machineOf(given);
  explore(machine, {
    ...FREELY,
    ...options,
    bounds: { ...BOUNDS, states },
    saving: {
      due: () => false,
      save: (search) => writeCheckpoint(path, known(given), { mine: true }, search),
    },
  });
  return path;
}

describe("a saved search that continues has the counts of one that was never interrupted", () => {
  test.each<[Given["name"], readonly number[], boolean]>([
    ["ring", [14, 5, 9], false],
    ["counter", [2000, 1234], false],
    ["wide ring", [14, 7], false],
    ["wide ring", [14, 7], true],
    ["live ring", [12, 6, 9], false],
    ["a ring that is watched", [14, 6], false],
    ["a ring that is watched", [14, 6], true],
  ])("%s %j, hashes of states: %s", (name, numbers, compact) => {
    const given = { name, numbers };
    const whole = explore(machineOf(given), { ...FREELY, compact });
    for (const states of [1, 700, whole.states - 1]) {
      const path = savedAfter(states, given, { compact });
      const result = explore(machineOf(given), { ...FREELY, resume: reread(path, given) });
      expect(counted(result)).toEqual(counted(whole));
      expect(result.exact).toBe(whole.exact);
    }
  });

  test("also where it ended for want of memory, in the middle of a batch", () => {
    const given: Given = { name: "a ring that is watched", numbers: [16, 8] };
    const path = newFile();
    const machine = machineOf(given);
    const own = known(given);
    const { ended } = explore(machine, {
      ...FREELY,
      bounds: { ...BOUNDS, bytes: 400_000 },
      saving: { due: () => false, save: (search) => writeCheckpoint(path, own, null, search) },
    });
    expect(ended).toBe("memory");
    const result = explore(machineOf(given), { ...FREELY, resume: reread(path, given) });
    expect(counted(result)).toEqual(counted(explore(machineOf(given), FREELY)));
  });

  test("by several threads, and by one after them", async () => {
    const given: Given = { name: "a ring that is watched", numbers: [14, 6] };
    const machine = machineOf(given);
    const own = known(given);
    const path = newFile();
    let turns = 0;
    const together = async (states: number, resume: Saved | undefined) => {
      const search = exploringTogether(machine, sourceOf(given), {
        ...FREELY,
        // All of its memory is reserved, and a process that is started later needs as much again.
        bounds: { states, bytes: 1e8 },
        workers: 2,
        grain: { taken: 64, narrow: 0 },
        resume,
        saving: { due: () => turns++ % 4 === 0, save: (search) => writeCheckpoint(path, own, null, search) },
      });
      for (;;) {
        const { done, value } = await search.next(false);
        if (done) return value;
      }
    };
    const whole = counted(explore(machineOf(given), FREELY));
    expect((await together(1000, undefined)).ended).toBe("states");
    expect(counted(explore(machineOf(given), { ...FREELY, resume: reread(path, given) }))).toEqual(whole);
    expect(counted(await together(1e6, reread(path, given)))).toEqual(whole);
  });

  test("and ends at once if enough was violated before", () => {
    const given: Given = { name: "ring", numbers: [14, 5, 9] };
    const path = savedAfter(900, given);
    const { ended, states } = explore(machineOf(given), { bounds: BOUNDS, resume: reread(path, given) });
    expect([ended, states >= 900]).toEqual(["break", true]);
  });
});

describe("a process that saves", () => {
  const script = fileURLToPath(new URL("./saving.testing.ts", import.meta.url));

  /** Runs it, and kills it when it begins to save for the nth time; the last line it printed. */
  function run(path: string, killedAt?: number): Promise<string> {
    const child = spawn(process.execPath, ["--import", "tsx", script, path], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let times = 0;
    let last = "";
    createInterface(child.stdout).on("line", (line) => {
      last = line;
      times += 1;
      if (times === killedAt) child.kill("SIGKILL");
    });
    return new Promise((resolve) => {
      child.on("close", () => resolve(last));
    });
  }

  test("may be killed while it saves: its last checkpoint is whole, and continues to the same counts", async () => {
    const path = newFile();
    for (const killedAt of IS_WHOLE ? [2, 4, 7] : [4]) {
      await run(path, killedAt);
      reread(path, KILLED);
    }
    const { resumed, counted } = JSON.parse(await run(path));
    expect(resumed).toBeGreaterThan(0);
    const { states, edges, depth, fired, witnesses } = explore(machineOf(KILLED), FREELY);
    expect(counted).toEqual({ states, edges, depth, fired: [...fired], witnesses: [...witnesses] });
  });
});

describe("a file that is refused, in one line:", () => {
  const given: Given = { name: "wide ring", numbers: [12, 6] };
  const own = known(given);
  const path = savedAfter(300, given, { compact: true });
  const whole = readFileSync(path);
  const headerEnd = whole.indexOf("\n", whole.indexOf("\n") + 1) + 1;

  /** Why a file of these bytes is refused. Rethrows any other error, and throws an Error if the file is taken. */
  function refusal(bytes: Uint8Array, of = own): string {
    const damaged = join(folder, "damaged");
    writeFileSync(damaged, bytes);
    try {
      refuseOther(readCheckpoint(damaged), of);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      expect(error.message).not.toContain("\n");
      return error.message;
    }
    throw new Error("it was taken");
  }

  interface Head {
    readonly levels: readonly number[];
    readonly levelEnd: number;
  }
  /** The same file with its header changed, and a checksum that is right. */
  function withHeader(change: (header: Head) => object): Buffer {
    const [magic = "", line = ""] = whole.toString("latin1", 0, headerEnd).split("\n");
    const header = JSON.stringify({ ...JSON.parse(line), ...change(JSON.parse(line)) });
    const bytes = Buffer.concat([Buffer.from(`${magic}\n${header}\n`), whole.subarray(headerEnd, -32)]);
    return Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]);
  }

  test("it is taken as it is", () => {
    expect(() => refusal(whole)).toThrow("it was taken");
    expect(() => refusal(withHeader(() => ({})))).toThrow("it was taken");
    expect(readCheckpoint(path).owner).toEqual({ mine: true });
  });

  test("one that is empty, no file, or not there", () => {
    expect(refusal(Buffer.alloc(0))).toBe("it is empty");
    mkdirSync(join(folder, "a folder"));
    expect(() => readCheckpoint(join(folder, "a folder"))).toThrow(new CheckpointError("it is no file"));
    execFileSync("mkfifo", [join(folder, "a pipe")]);
    expect(() => readCheckpoint(join(folder, "a pipe"))).toThrow(new CheckpointError("it is no file"));
    expect(() => readCheckpoint(join(folder, "nothing"))).toThrow(/^ENOENT: /);
  });

  test("another file", () => {
    expect(refusal(readFileSync(fileURLToPath(import.meta.url)))).toBe(
      "it is no checkpoint: its first line is another",
    );
  });

  test.prop([fc.nat(whole.length - 1)], { numRuns: quickly(150) })(
    "one that ends early, at any place",
    (length) => {
      expect(refusal(whole.subarray(0, length))).toMatch(/^it is (empty|no checkpoint)|^damaged: /);
    },
  );

  test("one with bytes after its end", () => {
    expect(refusal(Buffer.concat([whole, Buffer.alloc(1)]))).toMatch(
      /^damaged: it has \d+ bytes, and by its /,
    );
  });

  const regions: readonly [string, number, number][] = [
    ["its first line", 0, whole.indexOf("\n") + 1],
    ["its header", whole.indexOf("\n") + 1, headerEnd],
    ["its arrays", headerEnd, whole.length - 32],
    ["its checksum", whole.length - 32, whole.length],
  ];
  describe.each(regions)("one with a flipped bit, in %s", (_what, from, end) => {
    test.prop([fc.integer({ min: from, max: end - 1 }), fc.nat(7)], { numRuns: quickly(80) })(
      "",
      (at, bit) => {
        const flipped = Buffer.from(whole);
        flipped[at] = (flipped[at] as number) ^ (1 << bit);
        expect(refusal(flipped)).toMatch(/^it is no checkpoint|^it has format |^damaged: /);
      },
    );
  });

  test("one that says it is huge, before memory is taken for it", () => {
    for (const claim of [{ states: 2 ** 50 }, { words: 2 ** 50 }, { waiting: 2 ** 52 }]) {
      expect(refusal(withHeader(() => claim))).toMatch(/^damaged: it has \d+ bytes, and by its header /);
    }
    expect(refusal(withHeader(() => ({ states: 1e300 })))).toMatch(/^damaged: its header, at states: /);
  });

  test("one of a later version, or with what this version does not know", () => {
    expect(refusal(withHeader(() => ({ format: 3, states: "many" })))).toBe(
      "it has format 3, and this version reads 2",
    );
    expect(refusal(withHeader(() => ({ more: 1 })))).toMatch(/^damaged: its header, /);
    expect(refusal(withHeader(() => ({ byteOrder: "BE" })))).toMatch(/^damaged: its header, at byteOrder: /);
  });

  test("one of another machine", () => {
    const other = "its machine has other actions, laws or states than this version's";
    const { machine } = own;
    expect(refusal(whole, known({ name: "wide ring", numbers: [13, 6] }))).toBe(other);
    expect(refusal(whole, { ...own, machine: { ...machine, laws: [{ id: "another", says: "" }] } })).toBe(
      other,
    );
    expect(refusal(whole, { ...own, machine: { ...machine, reductions: ["something"] } })).toBe(other);
  });

  test("one of a machine whose actions have the same names and do something else", () => {
    const withoutOne = (machine: Visitable): Visitable => ({
      ...machine,
      expand: (number, reached, batch) => {
        machine.expand(number, reached, batch);
        if (number === 200) batch.count -= 1;
      },
    });
    expect(refusal(whole, known(given, withoutOne))).toBe("its machine does otherwise than this version's");
  });

  test("one with an impossible header and a right checksum", () => {
    const changes: ((header: Head) => object)[] = [
      (header) => ({ levelEnd: header.levelEnd + 1 }),
      (header) => ({ head: header.levelEnd + 1 }),
      () => ({ head: 0 }),
      (header) => ({ levels: [...header.levels, 5] }),
      () => ({ fired: [1] }),
      () => ({ first: [] }),
      () => ({ broken: [3] }),
      () => ({ broken: [0, 0] }),
      () => ({ witnesses: [["what this machine does not look for", 1]] }),
      () => ({ first: [{ from: 1e6, action: 0, length: 1 }] }),
    ];
    for (const change of changes) {
      expect(refusal(withHeader(change))).toBe("what it says cannot be of this machine");
    }
  });

  test("leaves nothing beside it", () => {
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

describe("a checkpoint that cannot be written", () => {
  test("leaves the earlier checkpoint as it was", () => {
    const given: Given = { name: "ring", numbers: [8, 4] };
    const path = savedAfter(20, given);
    const before = readFileSync(path);
    mkdirSync(`${path}.part`);
    const saved = reread(path, given);
    expect(() => writeCheckpoint(path, known(given), null, saved)).toThrow(/EISDIR/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
