/** How long `validate` takes for a log of a million events, and how much memory: `npx tsx bench/million-events.ts`. */

import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logLines } from "../jobs/logs/long-log.testing.ts";
import { validate } from "../jobs/logs/validate.ts";

const EVENTS = 1_000_000;

const folder = mkdtempSync(join(tmpdir(), "vmapcheck-"));
const file = join(folder, "trace.txt");
const out = createWriteStream(file);
let events = 0;
for (const text of logLines()) {
  if (events === EVENTS) break;
  events += 1;
  if (!out.write(`${text}\n`)) await once(out, "drain");
}
out.end();
await once(out, "finish");
let most = 0;
const report = await validate(file, {
  say: () => {
    most = Math.max(most, process.memoryUsage().rss);
  },
});
rmSync(folder, { recursive: true });
const judged = report.laws.reduce((sum, law) => sum + law.judged, 0);
console.log(
  `${EVENTS} events, at most ${report.peak.areas} areas: ${report.seconds.toFixed(1)} s, ${(most / 2 ** 20).toFixed(0)} MiB; ${judged} judgements, ${report.violated} violated`,
);
