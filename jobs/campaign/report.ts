/** What a campaign found: one report however often and wherever its tasks ran, and the same for other tools. */
import type { Finding, Plan, TaskResult } from "../../adapters/campaign-file.ts";
import { type Coverage, coverageOf } from "../../engine/search/swarm.ts";
import { VERSION } from "../package-version.ts";
import { tasksOf } from "./tasks.ts";

export interface CampaignReport {
  readonly name: string;
  readonly seed: number;
  /** In the order of the plan: those that have a result. */
  readonly jobs: readonly Omit<TaskResult, "sample">[];
  /** The ids of tasks without a result. */
  readonly open: readonly string[];
  readonly totals: Readonly<Record<TaskResult["outcome"], number>>;
  readonly histories: number;
  readonly states: number;
  /** Of each swarm with two searches at least: how much of its machine they found, as estimated. */
  readonly coverage: readonly (Coverage & { readonly of: string })[];
}

export function reportOn(plan: Plan, results: readonly TaskResult[]): CampaignReport {
  const byId = new Map(results.map((result) => [result.id, result]));
  const tasks = tasksOf(plan);
  const all = tasks.flatMap(({ id }) => byId.get(id) ?? []);
  const jobs = all.map(({ sample: _, ...job }) => job);
  const count = (outcome: TaskResult["outcome"]) => jobs.filter((each) => each.outcome === outcome).length;
  return {
    name: plan.name,
    seed: plan.seed,
    jobs,
    open: tasks.filter(({ id }) => !byId.has(id)).map(({ id }) => id),
    totals: {
      "as expected": count("as expected"),
      unexpected: count("unexpected"),
      refused: count("refused"),
      "set aside": count("set aside"),
    },
    histories: jobs.reduce((sum, { histories }) => sum + histories, 0),
    states: jobs.reduce((sum, { states }) => sum + states, 0),
    coverage: coverageIn(all),
  };
}

function coverageIn(results: readonly TaskResult[]): CampaignReport["coverage"] {
  const samples = results.flatMap(({ sample }) => sample ?? []);
  return [...new Set(samples.map(({ of }) => of))].flatMap((of) => {
    const own = samples.filter((each) => each.of === of);
    const every = own[0]?.every ?? 1;
    // The searches of one swarm have one bound, and so one sample.
    const hashes = own.filter((each) => each.every === every).map((each) => each.hashes);
    return hashes.length < 2 ? [] : [{ of, ...coverageOf(hashes, every) }];
  });
}

/** Whether every task ran, and none found anything unexpected. */
export const isAsExpected = ({ open, totals, jobs }: CampaignReport): boolean =>
  open.length === 0 && totals["as expected"] === jobs.length;

export const REPORT_FORMATS = ["json", "junit", "sarif"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export function reportText(report: CampaignReport, format: ReportFormat): string {
  if (format === "junit") return junit(report);
  return `${JSON.stringify(format === "sarif" ? sarif(report) : report, undefined, 2)}\n`;
}

/** The form of JUnit that build servers read: a task is a test case. */
function junit({ name, jobs, open, totals }: CampaignReport): string {
  const seconds = jobs.reduce((sum, each) => sum + each.seconds, 0);
  const cases = jobs.map((job) => {
    const head = `    <testcase classname="${inXml(job.kind)}" name="${inXml(job.id)}" time="${job.seconds.toFixed(3)}"`;
    if (job.outcome === "as expected") return `${head}/>`;
    const element = job.outcome === "unexpected" ? "failure" : "error";
    const text = [job.says, ...job.findings.map(findingText)].join("\n");
    return `${head}>\n      <${element} message="${inXml(job.says)}">${inXml(text)}</${element}>\n    </testcase>`;
  });
  const skipped = open.map(
    (id) =>
      `    <testcase classname="open" name="${inXml(id)}"><skipped message="it has no result"/></testcase>`,
  );
  const counts = [
    `tests="${jobs.length + open.length}"`,
    `failures="${totals.unexpected}"`,
    `errors="${totals.refused + totals["set aside"]}"`,
    `skipped="${open.length}"`,
    `time="${seconds.toFixed(3)}"`,
  ].join(" ");
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="vmapcheck ${inXml(name)}" ${counts}>`,
    ...cases,
    ...skipped,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

const findingText = ({ law, subject, bug, commands }: Finding): string =>
  `${subject}: ${law}${commands === null ? "" : ` in ${commands}`}${bug === null ? "" : `, by ${bug}`}`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** XML 1.0 has no form for control characters: they become spaces. */
function inXml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (each) => ENTITIES[each] as string).replaceAll(/[^\P{Cc}\n\t]/gu, " ");
}

/** SARIF 2.1.0: a law is a rule, and each finding of a task with something unexpected is a result. */
function sarif({ jobs }: CampaignReport): unknown {
  const found = jobs
    .filter(({ outcome }) => outcome === "unexpected")
    .flatMap(({ id, says, findings }) =>
      (findings.length > 0 ? findings : [undefined]).map((finding) => ({ id, says, finding })),
    );
  const rules = [...new Set(found.map(({ finding }) => finding?.law ?? "as-expected"))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: "vmapcheck", version: VERSION, rules: rules.map((id) => ({ id })) },
        },
        results: found.map(({ id, says, finding }) => ({
          ruleId: finding?.law ?? "as-expected",
          level: "error",
          message: { text: `${finding === undefined ? says : findingText(finding)} (${id})` },
          locations: [{ logicalLocations: [{ fullyQualifiedName: finding?.subject ?? id, kind: "module" }] }],
        })),
      },
    ],
  };
}
