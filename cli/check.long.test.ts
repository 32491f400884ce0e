/** `check` as it is typed: its first lines, its details on request, and its exit code. */
import { expect, test } from "vitest";
import { USUAL_RUNS } from "../jobs/check/kernel.ts";
import { printedBy, vmapcheck } from "./running.testing.ts";
import { type CheckArguments, checkVerb } from "./verbs/check.ts";

const PLAIN: CheckArguments = { seed: 20110106, runs: 20, details: false, coverage: false, json: false };
const check = (kernels: readonly string[], options: Partial<CheckArguments> = {}) =>
  printedBy(() => checkVerb(kernels, { ...PLAIN, ...options }));

test("prints the verdict first, then the matrix, and ends with 0", async () => {
  const { code, out, err } = await vmapcheck("check", "2.6.39", "3.16", "--runs", "200");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(
    /^Nothing unexpected: 2 kernels, \d+ protocols, \d+ laws, \d+ violations known, 0 unknown, \d+ s\n\n +2\.6\.39 +3\.16\n/,
  );
  expect(out).toMatch(/lowest-fit +ok +A9 in 3/);
  expect(out).toContain("ok: kept in every history tried, of calls one after another");
  expect(out).toMatch(/^When calls interleave: .*\n\n +2\.6\.39 +3\.16$/m);
  expect(out).toMatch(/^no-alias-after-unmap-aliases +C7 in 16 +C7 in 16$/m);
  for (const detail of ["Exercised", "missed after", "cache-exact-hole-missed", "\u001b"])
    expect(out).not.toContain(detail);
});

test("prints each violation with --details, and the coverage with --coverage", async () => {
  const details = await check(["3.16"], { details: true });
  expect(details.out).toMatch(/A9 +cache-exact-hole-missed +lowest-fit +in 3 +3\.16\n/);
  expect(details.out).toContain("replay BUG --law LAW --kernel KERNEL");
  expect(details.out).toMatch(/Every state of pages=5.*\n.*\n3\.16 +7866 +179593 +cache-exact-hole-missed\n/);
  expect(details.out).not.toContain("Exercised");
  const coverage = await check(["2.6.28"], { coverage: true });
  expect(coverage.out).toContain("Exercised at random");
  expect(coverage.out).toContain("What random histories saw of every state");
  expect(coverage.out).not.toContain("va-no-wrap-check");
});

test("names every label of a column that has several", async () => {
  const { out } = await check(["3.1", "7.2"], { law: "aligned" });
  expect(out).toContain("labels of one kernel, in one column: 3.1 = 3.9 = 3.10.4, 6.19 = 7.2 = 7.3");
});

test("without random histories reports so, and shows no ok", async () => {
  const { code, out } = await check(["2.6.39"], { runs: 0 });
  expect(code).toBe(0);
  expect(out).toMatch(/^No random history drawn: 1 kernel, /);
  expect(out).toMatch(/no-stale-translation +not tried\n/);
  expect(out).toMatch(/lowest-fit +visited\n/);
  const [ofCalls, interleaved] = out.split("When calls interleave");
  expect(ofCalls).not.toMatch(/\bok\b|Nothing unexpected/);
  // All interleavings are visited, with or without random histories.
  expect(interleaved).toMatch(/flush-before-reuse +ok\n/);
});

test("warns of a run that is too short to reach its witnesses, and does not fail it", async () => {
  const { code, out } = await check(["2.6.39"], { runs: 1 });
  expect(code).toBe(0);
  expect(out).toMatch(/^Nothing unexpected: /);
  expect(out).toContain("Warning: too few random histories (--runs 1) to reach these witnesses");
  expect(out.replace(/\s+/g, " ")).toContain(`${USUAL_RUNS} reach all of them.`);
  const { document } = await json(["2.6.39"], { runs: 1 });
  expect(document.kernels[0].unmet).not.toEqual([]);
});

test("has a help text by which few runs are a warning", async () => {
  const { out } = await vmapcheck("check", "--help");
  expect(out.replace(/\s+/g, " ")).toContain("a witness that is not reached is a warning, not a failure");
});

test("says the same as one JSON document", async () => {
  const { code, document } = await json(["3.16"]);
  expect({ code, unexpected: document.unexpected, unknown: document.violations.unknown }).toEqual({
    code: 0,
    unexpected: 0,
    unknown: 0,
  });
  const [{ label, laws }] = document.kernels;
  expect(label).toBe("3.16");
  expect(laws).toContainEqual(
    expect.objectContaining({
      id: "lowest-fit",
      verdict: "broken",
      bug: "cache-exact-hole-missed",
      commands: 3,
    }),
  );
  expect(laws).toContainEqual(
    expect.objectContaining({ id: "aligned", verdict: "kept", bug: null, commands: null, replay: null }),
  );
  expect(laws).toContainEqual(expect.objectContaining({ id: "flush-only-once", verdict: "not-promised" }));
});

test("of a version without a model names the release it resolves to, and shows the violations of its interleaved calls", async () => {
  const { code, out } = await check(["6.6"], { runs: 200, details: true });
  expect(code).toBe(0);
  expect(out).toMatch(/^Nothing unexpected: 1 kernel, 8 protocols, \d+ laws, /);
  expect(out).toMatch(/^6\.6 answers as 6\.5 \(= 6\.8\)\.$/m);
  expect(out).toMatch(/^When calls interleave: .*\n\n +6\.6$/m);
  expect(out).toMatch(/^no-alias-after-unmap-aliases +C13 in 17$/m);
  expect(out).toMatch(/^nothing-leaks +C10 in 28$/m);
  expect(out).toMatch(/^C10 +vb-wrong-queue-lock +nothing-leaks +in 28 +6\.6$/m);
  expect(out).toContain("replay BUG --law LAW --grain step --kernel VERSION");
});

test("says the same of it as JSON, and of a law alone", async () => {
  const law = "no-alias-after-unmap-aliases";
  const { document } = await json(["5.3"], { law });
  expect(document.kernels.map(({ label }: { label: string }) => label)).toEqual(["5.2", "5.10"]);
  expect(document.versions).toMatchObject([{ asked: "5.3", answersAs: [], columns: ["5.2", "5.4"] }]);
  const [{ name, protocols, laws }] = document.interleaved;
  expect({ name, protocols }).toEqual({
    name: "5.3",
    protocols: [
      "areas-5.1",
      "blocks-4.4",
      "walks-5.2",
      "roots-5.3",
      "reset-perms-5.2",
      "contexts-3.11",
      "objects-4.18",
      "levels-4.19",
    ],
  });
  expect(laws).toMatchObject([
    {
      id: law,
      verdict: "broken",
      breaks: [{ law, bug: "vb-full-block-stale", protocol: "blocks-4.4", steps: 15 }],
    },
  ]);
});

test("judges by one law when asked to", async () => {
  const { document } = await json(["3.16"], { law: "no-bug" });
  expect(document.kernels[0].laws.map((each: { id: string }) => each.id)).toEqual(["no-bug"]);
});

async function json(kernels: readonly string[], options: Partial<CheckArguments> = {}) {
  const { code, out } = await check(kernels, { ...options, json: true });
  return { code, document: JSON.parse(out) as ReturnType<typeof JSON.parse> };
}
