/**
 * 200 faults planted into clean logs: almost all are found, most as violations, each kind by its law too, and none as
 * more than a few. `VMAPCHECK_LOGS=DIR` takes the logs of another folder, NAME.trace.txt.gz, whose names begin with the
 * kernel's version.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { fileOf } from "../../adapters/complaints.testing.ts";
import { AFTER_VIOLATION } from "../../properties/vmap/log/doubts.ts";
import { hexOfPage } from "../../properties/vmap/log/window.ts";
import { CleanLog, Draw, FAULTS, type Fault } from "./planted-faults.testing.ts";
import { type ValidateReport, validate } from "./validate.ts";

const FIXTURES = fileURLToPath(new URL("../../adapters/vmap/logs/fixtures", import.meta.url));
const FOLDER = process.env.VMAPCHECK_LOGS ?? FIXTURES;
const LOGS = readdirSync(FOLDER).flatMap((file) => {
  const [, name, version] = /^((\d+\.\d+).*)\.trace\.txt\.gz$/.exec(file) ?? [];
  return name === undefined || version === undefined ? [] : [{ name, version }];
});
const PLANTED = 200;
/** Violations that one fault may become: its own, and some elsewhere, where the log then has too much or too little. */
const MOST_OF_ONE = 6;

/** The law of each fault. */
const LAW: Readonly<Record<Fault, string>> = {
  "moved address": "events-agree",
  "dropped flush": "flush-well-formed",
  "reuse before a flush": "flush-before-reuse",
  overlap: "no-overlap",
  "swallowed free": "end-state",
};

/** How many faults of a kind were planted, were violations, and were so by the law of the kind. */
interface Tried {
  planted: number;
  violated: number;
  byLaw: number;
}

/** How often a law was undecided or blind, for reasons other than what may be a violation and was not found to be one. */
const openIn = ({ laws }: ValidateReport): number =>
  laws
    .flatMap(({ undecided, blind }) => [...Object.entries(undecided), ...Object.entries(blind)])
    .reduce((sum, [why, count]) => (why === AFTER_VIOLATION ? sum : sum + count), 0);

/** What /proc/vmallocinfo would have printed at the end of a clean log. */
function readingAtEnd({ remaining }: ValidateReport): string {
  const lines = remaining.map(({ start, end, isLazy }) => {
    const what = isLazy ? "unpurged vm_area" : "some_caller+0x1/0x2 vmalloc";
    return `${hexOfPage(start)}-${hexOfPage(end)} ${(end - start) * 4096} ${what}`;
  });
  return `==== end\n${lines.join("\n")}\n`;
}

test(`Of ${PLANTED} faults planted into clean logs at least 95 % are violations or undecided; of each kind half are violations, and some by its law`, async () => {
  const tried = new Map<Fault, Tried>(FAULTS.map((fault) => [fault, { planted: 0, violated: 0, byLaw: 0 }]));
  const missed: string[] = [];
  let planted = 0;
  const clean = await Promise.all(
    LOGS.map(async ({ name, version: release }) => {
      const text = gunzipSync(readFileSync(join(FOLDER, `${name}.trace.txt.gz`))).toString();
      const file = fileOf(text, ".txt");
      const vmallocinfo = fileOf(readingAtEnd(await validate(file, { release })), ".txt");
      const options = { vmallocinfo, release };
      const report = await validate(file, options);
      expect(report.violations).toEqual([]);
      return { name, options, report, log: await CleanLog.read(file, text) };
    }),
  );
  for (let seed = 1; planted < PLANTED; seed++) {
    const { name, options, report, log } = clean[seed % clean.length] as (typeof clean)[number];
    const fault = FAULTS[seed % FAULTS.length] as Fault;
    const edited = log.plant(fault, new Draw(seed));
    if (edited === undefined) continue;
    planted += 1;
    const found = await validate(fileOf(edited.text, ".txt"), options);
    const counts = tried.get(fault) as Tried;
    counts.planted += 1;
    if (found.violated > 0) counts.violated += 1;
    if (found.laws.some(({ id, violated, more }) => id === LAW[fault] && violated + more > 0))
      counts.byLaw += 1;
    expect(found.violations.length, `${name}, ${fault}, ${edited.says}`).toBeLessThanOrEqual(MOST_OF_ONE);
    if (found.violated === 0 && openIn(found) <= openIn(report))
      missed.push(`${name}, ${fault}, ${edited.says}`);
  }
  expect(missed.length, missed.join("\n")).toBeLessThanOrEqual(PLANTED * 0.05);
  for (const [fault, { planted, violated, byLaw }] of tried) {
    expect(planted, fault).toBeGreaterThan(0);
    expect(violated, fault).toBeGreaterThanOrEqual(planted / 2);
    expect(byLaw, fault).toBeGreaterThan(0);
  }
});
