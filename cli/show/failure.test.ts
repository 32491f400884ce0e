/** How short a reported history is: "shortest" only where every state of a space was visited. */
import { expect, test } from "vitest";
import { CANARIES } from "../../counterexamples/vmap/controls/canaries.ts";
import { checkKernel } from "../../jobs/check/kernel.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { failureText } from "./failure.ts";

/** What check says of the canary of a law. */
async function reported(law: string, runs: number): Promise<string> {
  const canary = CANARIES.find((each) => each.law === law);
  if (canary === undefined) throw new Error(`no canary of ${law}`);
  const options = { seed: 1, runs, law, coverage: undefined, keepsFailures: false };
  const report = await checkKernel(OPEN_VMAP, canary.kernel, options);
  const [surprise] = report.surprises;
  if (surprise === undefined) throw new Error(`${law} is not violated`);
  return failureText(report, surprise);
}

test("a history found in a space that was visited whole is called shortest there", async () => {
  expect(await reported("aligned", 0)).toMatch(
    /\n1 command, shortest: every state of pages=\S+ was visited$/,
  );
});

test("a history drawn at random and shrunk is not, and a line names what looks for a shortest one", async () => {
  expect(await reported("lazy-bounded", 50)).toMatch(
    /\n\d+ commands, shrunk, perhaps not shortest; .*: .* explore .* --law lazy-bounded$/,
  );
});
