/** `validate` and `vmallocinfo` as a user runs them. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, vmapcheck, vmapcheckAt } from "./running.testing.ts";

const fixture = (name: string) => join(ROOT, "adapters/vmap/logs/fixtures", name);
const CLEAN = fixture("6.12-smp4.trace.txt.gz");
const folder = mkdtempSync(join(tmpdir(), "vmapcheck-"));

const ALLOC = (page: bigint, size: number) =>
  `alloc_vmap_area: va_start: ${0xffffd58480000000n + page * 4096n} size=${size} align=1 vstart=0xffffd58480000000 vend=0xfffff5847fffffff failed=0`;
const FREE = "k_free: (f+0x0/0x1) va=0xffff8a1cb4a85240 start=0xffffd58480009000 end=0xffffd5848000a000";
const BROKEN = join(folder, "broken.txt");
writeFileSync(
  BROKEN,
  [FREE, ALLOC(0n, 16384), ALLOC(2n, 16384), ALLOC(12n, 4096)]
    .map((body, at) => `task-${100 + at} [000] ..... 1.00000${at}: ${body}\n`)
    .join(""),
);

describe("validate", () => {
  test("A clean log is accepted, with its time line and what was undecided", async () => {
    const { code, out, err } = await vmapcheck("validate", CLEAN);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^Nothing violated: /);
    expect(out).toMatch(/lazy pages .* of 24,576/);
    expect(out).toMatch(/law +judged +violated +more +undecided +blind/);
  });

  test("no-overlap: a violation has its line, its law and the areas around", async () => {
    const { code, out } = await vmapcheck("validate", BROKEN);
    expect(code).toBe(1);
    expect(out).toMatch(/^1 violation of no-overlap in line 3: \S+broken\.txt, /);
    expect(out).toMatch(/no-overlap {2}line 3: \[0xffffd58480002000,0xffffd58480006000\) is placed over/);
    expect(out).toMatch(/A 0xffffd58480000000, 4 pages, in use/);
  });

  test("A log of another release is judged as none", async () => {
    const { code, out } = await vmapcheck("validate", fixture("7.2-smp4.trace.txt.gz"), "--release", "6.5");
    expect(code).toBe(1);
    expect(out).toMatch(/^Not 6\.5: /);
    expect(out).toMatch(/4 CPUs, 64 bits\n/);
  });

  test("Of several logs the verdict on all comes first, with those that violate a law", async () => {
    const { code, out } = await vmapcheck("validate", CLEAN, BROKEN);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^Violated in 1 of 2 logs:\n {2}\S+broken\.txt: 1 violation of no-overlap in line 3\n\nNothing violated: /,
    );
  });

  test("The map of a violation is that of its line, though its areas are freed later", async () => {
    const file = join(folder, "freed-later.txt");
    const freed = (page: number) =>
      `free_vmap_area_noflush: va_start=0xffffd5848000${page}000 nr_lazy=4 nr_lazy_max=8192`;
    const bodies = [FREE, ALLOC(0n, 16384), ALLOC(2n, 16384), freed(2), freed(0), ALLOC(12n, 4096)];
    writeFileSync(file, bodies.map((body, at) => `task-${at} [000] ..... 1.00000${at}: ${body}\n`).join(""));
    const { out } = await vmapcheck("validate", file);
    expect(out).toMatch(/no-overlap {2}line 3/);
    expect(out).toMatch(/A 0xffffd58480000000, 4 pages, in use/);
    expect(out).not.toMatch(/[AB] 0x\w+, \d pages?, lazy/);
  });

  test("argument-domain, which follows from no-overlap, is counted beside the laws that are violated", async () => {
    const file = join(folder, "follows.txt");
    const freed = (lazy: number) =>
      `free_vmap_area_noflush: va_start=0xffffd58480000000 nr_lazy=${lazy} nr_lazy_max=8192`;
    const bodies = [
      FREE,
      ALLOC(0n, 16384),
      ALLOC(0n, 16384),
      freed(4),
      freed(8),
      freed(12),
      ALLOC(12n, 4096),
    ];
    writeFileSync(file, bodies.map((body, at) => `task-7 [000] ..... 1.00000${at}: ${body}\n`).join(""));
    const { out } = await vmapcheck("validate", file);
    expect(out).toMatch(/no-overlap +3 +1 +0/);
    expect(out).toMatch(/argument-domain +\d+ +0 +[1-9]/);
    expect(out).toMatch(/and \d that follow from it: argument-domain \d/);
  });

  test("--pin with nothing violated says so, and writes nothing", async () => {
    const empty = mkdtempSync(join(tmpdir(), "vmapcheck-"));
    const { code, out } = await vmapcheckAt(empty, "validate", CLEAN, "--pin");
    expect(code).toBe(0);
    expect(out).toContain("Nothing to pin: no law is violated. No file was written.");
    expect(readdirSync(empty)).toEqual([]);
  });

  test("end-state is blind without a reading of the end, and says what would be needed", async () => {
    const { out } = await vmapcheck("validate", CLEAN);
    expect(out.replaceAll(/\s+/g, " ")).toMatch(
      /end-state 0 0 0 0 1 no .proc.vmallocinfo of the end was given/,
    );
  });

  test("--json is one document", async () => {
    const { out } = await vmapcheck("validate", BROKEN, "--json");
    const [file] = JSON.parse(out).files;
    expect(file).toMatchObject({ violated: 1, lines: { events: 4 }, interrupted: false });
    expect(file.violations[0]).toMatchObject({
      law: "no-overlap",
      line: 3,
      areas: [{ life: "busy", placed: 2 }, { placed: 3 }],
    });
  });

  test("--plots writes three pictures, --pin a recording that replay takes", async () => {
    const { out } = await vmapcheckAt(folder, "validate", BROKEN, "--plots", "plots", "--pin");
    for (const name of ["lazy.svg", "occupancy.svg", "holes.svg"])
      expect(readFileSync(join(folder, "plots", name), "utf8")).toMatch(/^<svg/);
    const [, path = ""] = /pinned: (\S+),/.exec(out) ?? [];
    expect(existsSync(join(folder, path))).toBe(true);
    const replayed = await vmapcheckAt(folder, "replay", path);
    expect(replayed.out).toMatch(/violates no-overlap in step 2 of 2/);
  });

  test.each(["/proc/none", "none/plots", "/dev/null"])("--plots %s is refused in one line", async (path) => {
    const { code, err } = await vmapcheckAt(folder, "validate", BROKEN, "--plots", path);
    expect(code).toBe(2);
    expect(err).toMatch(/^vmapcheck: --plots [^\n]*\n$/);
  });

  test("What is no log is refused in one line", async () => {
    const { code, err } = await vmapcheck("validate", join(ROOT, "package.json"));
    expect(code).toBe(2);
    expect(err).toMatch(/^vmapcheck: .*package\.json:1: is no event of a log[^\n]*\n$/);
  });
});

test("vmallocinfo shows the map, and where each release would place a request", async () => {
  const { code, out } = await vmapcheck(
    "vmallocinfo",
    fixture("6.12-smp4-counter.vmallocinfo.txt.gz"),
    "--fit",
    "64K,64K",
  );
  expect(code).toBe(0);
  expect(out).toMatch(/fragmentation \d+ %/);
  expect(out).toMatch(/6\.19 to 7\.3 +0x[\da-f]+ +unless a pool has one of its size/);
  // Ranges that are folded are indented as the others are.
  const [, table = ""] = /guard\s+page more\n(.*?)(?:\n\n|$)/s.exec(out) ?? [];
  expect(table).toMatch(/^ {2}2\.6\.27/);
  for (const line of table.trimEnd().split("\n")) expect(line).toMatch(/^ {2}/);
});
