/**
 * The three pictures of docs/cost.md, from one run of `simulate`. Nothing is timed: the figures are simulated, and the
 * same on every machine.
 *
 *   npx tsx bench/cost.ts [most CPUs]
 */
import { writeFileSync } from "node:fs";
import { costPlot } from "../jobs/cost-plot.ts";
import { simulate } from "../jobs/simulate.ts";

const [most = "4096"] = process.argv.slice(2);
const report = await simulate({
  parts: ["directory", "growth"],
  cpus: Number(most),
  say: (text) => console.error(text),
});
const { growth: _growth, ...withDirectory } = report;
const { directory: _directory, ...table } = withDirectory;
for (const [name, each] of Object.entries({ table, directory: withDirectory, growth: report })) {
  writeFileSync(new URL(`../docs/plots/cost-${name}.svg`, import.meta.url), costPlot(each));
}
