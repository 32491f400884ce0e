/** 200 faults planted into clean logs: almost all are found, each kind by its law. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { fileOf } from "../adapters/complaints.testing.ts";
import { hexOfPage } from "../properties/vmap/log/hex.ts";
import { CleanLog, Draw, FAULTS, type Fault } from "./planted-faults.testing.ts";
import { type ValidateReport, validate } from "./validate.ts";

const FOLDER = fileURLToPath(new URL("../adapters/vmap/logs/fixtures/", import.meta.url));
const LOGS = ["6.1-686", "6.5-686", "6.12-smp1", "6.12-smp4", "6.12-smp4-counter", "7.2-smp4"];
const PLANTED = 200;

/** The law of each fault. */
const LAW: Readonly<Record<Fault, string>> = {
  "moved address": "events-agree",
  "dropped flush": "flush-well-formed",
  "reuse before a flush": "flush-before-reuse",
  overlap: "no-overlap",
  "swallowed free": "end-state",
};

const openQuestions = ({ laws }: ValidateReport): number =>
  laws
    .flatMap(({ undecided, blind }) => Object.values({ ...undecided, ...blind }))
    .reduce((sum, one) => sum + one, 0);

/** What /proc/vmallocinfo would have printed at the end of a clean log. */
function readingAtEnd({ remaining }: ValidateReport): string {
  const lines = remaining.map(({ start, end, isLazy }) => {
    const what = isLazy ? "unpurged vm_area" : "some_caller+0x1/0x2 vmalloc";
    return `${hexOfPage(start)}-${hexOfPage(end)} ${(end - start) * 4096} ${what}`;
  });
  return `==== end\n${lines.join("\n")}\n`;
}

test(`Of ${PLANTED} faults planted into clean logs at least 95 % are violations or undecided, each kind once by its law`, async () => {
  const caught = new Map<Fault, Set<string>>(FAULTS.map((fault) => [fault, new Set()]));
  const missed: string[] = [];
  let planted = 0;
  const clean = await Promise.all(
    LOGS.map(async (name) => {
      const text = gunzipSync(readFileSync(join(FOLDER, `${name}.trace.txt.gz`))).toString();
      const file = fileOf(text, ".txt");
      const vmallocinfo = fileOf(readingAtEnd(await validate(file)), ".txt");
      const report = await validate(file, { vmallocinfo });
      expect(report.violations).toEqual([]);
      return { name, vmallocinfo, report, log: await CleanLog.read(file, text) };
    }),
  );
  for (let seed = 1; planted < PLANTED; seed++) {
    const { name, vmallocinfo, report, log } = clean[seed % clean.length] as (typeof clean)[number];
    const fault = FAULTS[seed % FAULTS.length] as Fault;
    const edited = log.plant(fault, new Draw(seed));
    if (edited === undefined) continue;
    planted += 1;
    const found = await validate(fileOf(edited.text, ".txt"), { vmallocinfo });
    for (const { law } of found.violations) caught.get(fault)?.add(law);
    if (found.violated === 0 && openQuestions(found) <= openQuestions(report))
      missed.push(`${name}, ${fault}, ${edited.says}`);
  }
  expect(missed.length, missed.join("\n")).toBeLessThanOrEqual(PLANTED * 0.05);
  for (const fault of FAULTS) expect([...(caught.get(fault) ?? [])], fault).toContain(LAW[fault]);
});
