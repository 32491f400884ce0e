/**
 * The tables and the three pictures of docs/cost.md, from one run of `simulate`. Nothing is timed: the figures are
 * simulated, and the same on every machine.
 *
 *   npx tsx bench/cost.ts [most CPUs] > tables.txt
 */
import { writeFileSync } from "node:fs";
import { simulatedText } from "../cli/show/simulated.ts";
import { costPlot } from "../jobs/cost-plot.ts";
import { PARTS, simulate } from "../jobs/simulate.ts";

const [most = "4096"] = process.argv.slice(2);
const started = performance.now();
const report = await simulate({
  parts: PARTS,
  cpus: Number(most),
  say: (text) => console.error(`${((performance.now() - started) / 1000).toFixed(0)} s: ${text}`),
});
console.log(simulatedText(report));
const { growth: _growth, ...withDirectory } = report;
const { directory: _directory, ...table } = withDirectory;
for (const [name, each] of Object.entries({ table, directory: withDirectory, growth: report })) {
  writeFileSync(new URL(`../docs/plots/cost-${name}.svg`, import.meta.url), costPlot(each));
}
