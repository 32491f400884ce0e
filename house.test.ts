/** The house keeps itself: who may import whom, that lists are complete, that every file is used. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { WINGS as LISTED } from "./jobs/wings.ts";
import { KERNELS } from "./kernels/vmap/index.ts";
import { COMMANDS } from "./spec/vmap/commands.ts";
import { LAWS } from "./spec/vmap/laws/index.ts";
import { RELEASES } from "./spec/vmap/releases.ts";

const ROOT = dirname(fileURLToPath(import.meta.url));

const BELOW_JOBS: readonly string[] = [
  "spec",
  "engine",
  "model",
  "kernels",
  "protocols",
  "trees",
  "properties",
  "counterexamples",
  "costs",
  "adapters",
];
/** Which rooms a room's files may import, beside their own (docs/design.md). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  spec: [],
  engine: [],
  model: ["spec"],
  kernels: ["spec"],
  protocols: ["spec", "engine"],
  trees: ["spec", "kernels", "adapters"],
  properties: ["spec", "model", "engine", "trees"],
  counterexamples: ["spec", "kernels"],
  costs: ["spec", "kernels"],
  adapters: ["spec", "engine"],
  jobs: BELOW_JOBS,
  cli: [...BELOW_JOBS, "jobs"],
  web: ["spec", "jobs"],
  bench: [...BELOW_JOBS, "jobs", "cli", "web"],
};
/** Single files that a room may import from a room it otherwise may not. */
const MAY_IMPORT_FILE: Readonly<Record<string, readonly string[]>> = {
  engine: ["spec/contract.ts"],
  protocols: ["kernels/changes.ts"],
  adapters: ["costs/costs.ts"],
};
const WINGS = ["vmap", "gather"];
/**
 * What tests may import beside that: the rooms that a room is compared with, or whose parts its fixtures are made of.
 * The fewer the better: a pair that no test needs any more fails.
 */
const TESTS_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // Its searches are tried on the smallest protocol, and its runs as the files that they become.
  engine: ["protocols", "adapters"],
  // The world follows what kernels answer, in the histories of random callers.
  model: ["engine", "kernels", "properties"],
  kernels: ["engine", "model", "properties"],
  // What a tree answers is compared with protocols, and its steps are drawn and judged.
  trees: ["engine", "protocols", "jobs"],
  // Compared are kernels, those with bugs among them, and violations are attributed as jobs do.
  properties: ["kernels", "protocols", "counterexamples", "adapters", "jobs"],
  // Pinned files are read, replayed, shrunk and explored.
  counterexamples: ["engine", "model", "protocols", "properties", "adapters", "jobs"],
  costs: ["adapters"],
  // Recordings are compared with models and judged by laws.
  adapters: ["model", "kernels", "costs", "counterexamples", "jobs"],
  // What jobs find is printed and written as verbs do.
  jobs: ["cli"],
  web: ["properties", "counterexamples", "cli"],
};
/** What compares the step grain with the call grain imports both. */
const REFINEMENTS = WINGS.map((wing) => `properties/${wing}/refinement/`);

interface Import {
  readonly from: string;
  readonly to: string;
}

function sources(folder: string, names = /(?<!\.d)\.tsx?$/): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path, names);
    return names.test(entry.name) ? [path] : [];
  });
}

const isTest = (file: string) => /\.test(ing)?\.tsx?$/.test(file);
const ALL = Object.keys(MAY_IMPORT).flatMap((room) => sources(room));
/** What is not a test, nor what tests share. */
const PRODUCTION = ALL.filter((file) => !isTest(file));
const TESTS = ALL.filter((file) => !PRODUCTION.includes(file));

function importsOf(file: string, text = readFileSync(join(ROOT, file), "utf8")): Import[] {
  return [...text.matchAll(/(?:from|import)[\s(]+"(\.[^"]+)"/g)].map(([, path]) => ({
    from: file,
    to: relative(ROOT, resolve(ROOT, dirname(file), path as string)),
  }));
}

/** The files that a file starts as threads. */
function threadsOf(file: string): string[] {
  return [
    ...readFileSync(join(ROOT, file), "utf8").matchAll(/new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g),
  ].map(([, path]) => relative(ROOT, resolve(ROOT, dirname(file), path as string)));
}

function folderOf(file: string): string {
  return file.split("/")[0] as string;
}

function wingOf(file: string): string | undefined {
  const second = file.split("/")[1] as string;
  return WINGS.includes(second) ? second : undefined;
}

/** The files of a circle of imports, in their order; none if there is no circle. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const follow = (file: string): string[] => {
    if (path.includes(file)) return path.slice(path.indexOf(file));
    if (done.has(file)) return [];
    path.push(file);
    for (const to of imports.get(file) ?? []) {
      const circle = follow(to);
      if (circle.length > 0) return circle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const circle = follow(file);
    if (circle.length > 0) return circle;
  }
  return [];
}

function allowed({ from, to }: Import): boolean {
  const [here, there] = [folderOf(from), folderOf(to)];
  if (wingOf(from) !== undefined && wingOf(to) !== undefined && wingOf(from) !== wingOf(to)) return false;
  if (here === there) return true;
  if (REFINEMENTS.some((folder) => from.startsWith(folder)) && ["kernels", "protocols"].includes(there))
    return true;
  if (isTest(from) && (TESTS_MAY_IMPORT[here] ?? []).includes(there)) return true;
  return (MAY_IMPORT[here] ?? []).includes(there) || (MAY_IMPORT_FILE[here] ?? []).includes(to);
}

describe("the arrows", () => {
  test("of imports point the way the design says", () => {
    const wrong = PRODUCTION.flatMap((file) => importsOf(file)).filter((each) => !allowed(each));
    expect(wrong).toEqual([]);
  });

  test("of tests point the same way, or to a room that is listed for theirs", () => {
    const imports = TESTS.flatMap((file) => importsOf(file));
    expect(imports.filter((each) => !allowed(each))).toEqual([]);
    const needed = new Set(imports.map(({ from, to }) => `${folderOf(from)} ${folderOf(to)}`));
    const listed = Object.entries(TESTS_MAY_IMPORT).flatMap(([room, others]) =>
      others.map((other) => `${room} ${other}`),
    );
    expect(listed.filter((pair) => !needed.has(pair))).toEqual([]);
  });

  test.each([
    ["engine/search/explore.test.ts", "../../kernels/vmap/index.ts"],
    ["kernels/vmap/blocks.test.ts", "../../jobs/names.ts"],
    ["spec/history.test.ts", "../model/vmap/area.ts"],
    ["kernels/vmap/blocks.test.ts", "../gather/index.ts"],
  ])("would be seen to be wrong from a test, %s, to %s", (from, path) => {
    const [forbidden] = importsOf(from, `import { x } from "${path}";`) as [Import];
    expect(allowed(forbidden)).toBe(false);
  });

  test.each([
    ["spec/vmap/world.ts", "../../model/vmap/area.ts"],
    ["kernels/vmap/state.ts", "../../model/vmap/area.ts"],
    ["engine/run/random.ts", "../../spec/vmap/world.ts"],
    ["adapters/vmap/conform.ts", "../../kernels/vmap/index.ts"],
    ["properties/random-run.ts", "../../kernels/vmap/index.ts"],
  ])("would be seen to be wrong from %s to %s", (from, path) => {
    const [forbidden] = importsOf(from, `import { x } from "${path}";`) as [Import];
    expect(allowed(forbidden)).toBe(false);
  });

  test("lead back to no file they come from", () => {
    expect(circleIn(new Map(PRODUCTION.map((file) => [file, importsOf(file).map(({ to }) => to)])))).toEqual(
      [],
    );
  });

  test("would be seen to lead in a circle", () => {
    const circle = new Map(
      Object.entries({ "a.ts": ["b.ts"], "b.ts": ["c.ts"], "c.ts": ["a.ts"], "d.ts": ["a.ts"] }),
    );
    expect(circleIn(circle)).toEqual(["a.ts", "b.ts", "c.ts"]);
  });

  test("lead only to files that are there", () => {
    const missing = ALL.flatMap((file) => importsOf(file)).filter(({ to }) => !existsSync(join(ROOT, to)));
    expect(missing).toEqual([]);
  });
});

describe("every file", () => {
  test("is reached from the command line, a test or a benchmark", () => {
    const reached = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file) || !/\.tsx?$/.test(file)) return;
      reached.add(file);
      for (const { to } of importsOf(file)) visit(to);
      for (const thread of threadsOf(file)) visit(thread);
    };
    for (const start of [
      "cli/main.ts",
      "web/main.tsx",
      "web/vite.config.ts",
      "bench/census/explore-all.ts",
      ...sources("bench"),
      ...ALL.filter((file) => file.endsWith(".test.ts")),
    ])
      visit(start);
    expect(PRODUCTION.filter((file) => !reached.has(file))).toEqual([]);
  });

  test("of the engine says nothing of vmap", () => {
    const speaking = PRODUCTION.filter((file) => folderOf(file) === "engine").filter((file) =>
      /vmap|vmalloc|tlb|\bpte/i.test(readFileSync(join(ROOT, file), "utf8")),
    );
    expect(speaking).toEqual([]);
  });
});

describe("no file is long", () => {
  const LONGEST = 350;
  /** Longer, and why they are better whole. */
  const LONG: Readonly<Record<string, string>> = {
    "adapters/vmap/bad-history.test.ts": "a table of wrong files and what is said of each",
    "cli/drive.long.test.ts": "a child with one quirk after another",
    "engine/live/liveness.test.ts": "the machines that its graphs are compared with stand beside them",
    "jobs/page/documents.ts": "types of the page's documents",
    "model/vmap/blocks.test.ts": "one world, looked at after each reply",
    "model/vmap/laws-of-blocks.test.ts": "one history for each law",
    "properties/gather/refinement/refinement.test.ts": "one pair of protocol and kernel after another",
    "protocols/gather/rmap/anon-vma.ts": "calls of one lock, in their order",
    "protocols/vmap/draw.test.ts": "a table of what each family draws",
    "spec/vmap/bibliography.ts": "the table of commits",
    "spec/wing.ts": "the record of a wing: types",
    "web/page.web.test.ts": "one view of the page after another",
  };
  const lengthOf = (file: string) => readFileSync(join(ROOT, file), "utf8").split("\n").length - 1;

  test("but those that are listed", () => {
    const long = ALL.filter((file) => lengthOf(file) > LONGEST);
    expect(ALL.length).toBeGreaterThan(700);
    expect(long.toSorted()).toEqual(Object.keys(LONG).toSorted());
  });
});

test("a job speaks to no terminal: it prints nothing, and ends no process", () => {
  const TERMINAL =
    /console\.|process\.(exit|stdout|stderr|on\()|picocolors|yocto-spinner|fast-string-width|commander/;
  // A process of its own listens to its parent.
  const OWN_PROCESS = "jobs/campaign/worker-process.ts";
  const speaking = PRODUCTION.filter((file) => folderOf(file) === "jobs" && file !== OWN_PROCESS).filter(
    (file) => TERMINAL.test(readFileSync(join(ROOT, file), "utf8")),
  );
  expect(speaking).toEqual([]);
  expect(readFileSync(join(ROOT, "cli/output.ts"), "utf8")).toMatch(TERMINAL);
});

describe("no test knows the time", () => {
  const CLOCK = /Date\.now|new Date|performance\.now|hrtime|setTimeout|setInterval|Math\.random/;
  const textOf = (file: string) => readFileSync(join(ROOT, file), "utf8");

  test("by a clock, a delay, or something drawn anew in each run", () => {
    expect(TESTS.filter((file) => CLOCK.test(textOf(file)))).toEqual([]);
    expect(textOf("cli/output.ts")).toMatch(CLOCK);
  });

  test("nor by a search that ends itself by the clock: it reads one only to say how long it took", () => {
    const readers = PRODUCTION.filter((file) => ["engine", "properties"].includes(folderOf(file)));
    const reading = readers.flatMap((file) =>
      textOf(file)
        .split("\n")
        .filter((line) => CLOCK.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    const said = /const started = performance\.now\(\);$|\(performance\.now\(\) - started\) \/ 1000/;
    expect(reading.filter((line) => !said.test(line))).toEqual([
      // The coordinator of several threads looks at them several times a second, and asks whether to stop.
      "engine/search/parallel.ts: timer = setTimeout(resolve, milliseconds, false);",
    ]);
  });
});

describe("the private dialect", () => {
  /** Words with a plain one of the field: reported, attributed to, freed, completely, this many, continues, repaired, delayed. */
  // "goes on`" ends the name of a step in protocols/vmap/queues/walks/calls.ts, which pinned runs have.
  const DIALECT =
    /\b(told|tells? apart|laid to|lets? go|letting go|(?<!block-)wholly|so many|go(es)? on(?!`)|went on|how manieth|hoped for|whoever|(no|some)body|accord|is news|lies about|mend(s|ed)|put off|than which)\b/;
  const DOCS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
  /** Sources in other languages, and the formats of recordings. */
  const OTHERS = /\.([ch]|sh)$|^FORMAT\.md$/;
  const pages = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  const lower = (line: string) => line.replace(/\b[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
  const inDialect = (text: string) => text.split("\n").filter((line) => DIALECT.test(lower(line)));

  test("No file, and no page of the documentation, uses the words of the private dialect", () => {
    const others = [...Object.keys(MAY_IMPORT), "docs", "scripts"].flatMap((folder) =>
      sources(folder, OTHERS),
    );
    for (const name of [/\.c$/, /\.h$/, /\.sh$/, /FORMAT\.md$/])
      expect(others.some((file) => name.test(file))).toBe(true);
    const files = [...ALL, ...others, ...DOCS, ...pages.map((name) => join("docs", name))];
    const found = files.flatMap((file) =>
      inDialect(readFileSync(join(ROOT, file), "utf8")).map((line) => `${file}: ${line.trim()}`),
    );
    expect(files.length).toBeGreaterThan(250);
    expect(found).toEqual([]);
    // Of this file, all but the list itself and its examples.
    const parts = readFileSync(join(ROOT, "house.test.ts"), "utf8").split(/^(?=describe\()/m);
    const own = parts.filter((part) => !part.startsWith('describe("the private dialect"'));
    expect(own.length).toBe(parts.length - 1);
    expect(own.flatMap(inDialect)).toEqual([]);
  });

  test.each([
    "/** What an observer is told. */",
    "An area that was let go is lazy.",
    "Nobody holds it.",
    "the search goes on behind it",
    "as many as so many pages",
  ])("The word list finds: %s", (line) => {
    expect(inDialect(line)).toEqual([line]);
  });

  test.each([
    "block-wholly-dirty: the last map of a block is unmapped",
    "The kernel reports it, and the search continues.",
  ])("The word list allows: %s", (line) => {
    expect(inDialect(line)).toEqual([]);
  });
});

describe("a comment that cites the catalogue", () => {
  const catalogue = readFileSync(join(ROOT, "docs/catalogue.md"), "utf8");
  const isThere = (cited: string) =>
    /^\d/.test(cited)
      ? catalogue.includes(`## Section ${cited}:`)
      : new RegExp(`^(\\| |- \\*\\*)${cited} `, "m").test(catalogue);

  test("cites an entry or a section that is there", () => {
    const cited = ALL.flatMap((file) =>
      [...readFileSync(join(ROOT, file), "utf8").matchAll(/catalogue,? (?:section )?([A-E]?\d+)\b/g)].map(
        ([, name]) => ({ file, name: name as string }),
      ),
    );
    expect(cited.length).toBeGreaterThan(40);
    expect(cited.filter(({ name }) => !isThere(name))).toEqual([]);
  });

  test.each(["A99", "13"])("would be seen to cite nothing by %s", (name) => {
    expect(isThere(name)).toBe(false);
  });
});

describe("every list is complete", () => {
  test("of wings: each folder of one, in any room, is of a wing that is listed", () => {
    const folders = new Set(PRODUCTION.flatMap((file) => wingOf(file) ?? []));
    expect(LISTED.map(({ name }) => name).toSorted()).toEqual([...folders].toSorted());
  });

  test("of laws: each one exported beside them stands in it, and no promise names another", () => {
    const exported = sources("spec/vmap/laws").flatMap((file) =>
      [...readFileSync(join(ROOT, file), "utf8").matchAll(/^\s+id: "([a-z-]+)"/gm)].map(
        ([, id]) => id as string,
      ),
    );
    expect(LAWS.map(({ id }) => id).sort()).toEqual(exported.sort());
    const promised = new Set(RELEASES.flatMap(({ laws }) => laws));
    expect([...promised].filter((id) => !exported.includes(id))).toEqual([]);
  });

  test("of commands: each op has exactly one record, which stands in the table under its name", () => {
    const files = sources("spec/vmap/commands").map((file) => readFileSync(join(ROOT, file), "utf8"));
    const ops = (pattern: RegExp) =>
      files.flatMap((text) => [...text.matchAll(pattern)].map(([, op]) => op as string));
    const written = ops(/^ {2}op: "(\w+)",$/gm);
    const declared = new Set(ops(/^ {2}readonly op: "(\w+)";$/gm));
    expect(new Set(written).size).toBe(written.length);
    expect(written.toSorted()).toEqual([...declared].toSorted());
    expect(Object.entries(COMMANDS).map(([op, record]) => [op, record.op])).toEqual(
      Object.keys(COMMANDS).map((op) => [op, op]),
    );
    expect(Object.keys(COMMANDS).toSorted()).toEqual(written.toSorted());
  });

  test("of kernels: each release has one, in the same order, and those with steps of their own are in the list", () => {
    expect(KERNELS.map(({ release }) => release)).toEqual(RELEASES);
    const own = sources("kernels/vmap").filter(
      (file) => /kernels\/vmap\/(linux-|piggin-)/.test(file) && !file.endsWith(".test.ts"),
    );
    expect(own.length).toBe(2);
    const imported = importsOf("kernels/vmap/index.ts").map(({ to }) => to);
    expect(own.filter((file) => !imported.includes(file))).toEqual([]);
  });

  test("of dependencies: each is pinned, and has its line in docs/dependencies.md", () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const reasons = readFileSync(join(ROOT, "docs/dependencies.md"), "utf8");
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(reasons).toContain(`\`${name}\``);
    }
  });
});
