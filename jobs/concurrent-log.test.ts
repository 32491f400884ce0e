/** Logs of a correct allocator under concurrent calls, as any kernel may print them: nothing in them is a violation. */
import { expect, test } from "vitest";
import { fileOf } from "../adapters/complaints.testing.ts";
import { ConcurrentLog } from "./concurrent-log.testing.ts";
import { type Setting, settingOf } from "./concurrent-setting.testing.ts";
import { type ValidateReport, validate } from "./validate.ts";

async function judged(setting: Setting): Promise<ValidateReport> {
  const log = new ConcurrentLog(setting);
  const file = fileOf(log.run(), ".txt");
  const reading = log.reading();
  const vmallocinfo = reading.includes("0x") ? fileOf(reading, ".txt") : undefined;
  return validate(file, { vmallocinfo, release: setting.release });
}

test("No order in which four CPUs print the calls of a correct allocator is a violation", async () => {
  let flushes = 0;
  for (let seed = 0; seed < 54; seed++) {
    const { violations, laws } = await judged(settingOf(seed));
    expect(violations, `seed ${seed}`).toEqual([]);
    flushes += laws.find(({ id }) => id === "flush-well-formed")?.judged ?? 0;
  }
  expect(flushes).toBeGreaterThan(500);
});

test("Where events of a CPU are lost, nothing is a violation, and the report says what that leaves open", async () => {
  let open = 0;
  for (let seed = 0; seed < 54; seed++) {
    const { violations, laws } = await judged({ ...settingOf(seed), losses: 3 });
    expect(violations, `seed ${seed}`).toEqual([]);
    for (const { undecided, blind } of laws) open += Object.keys({ ...undecided, ...blind }).length;
  }
  expect(open).toBeGreaterThan(54);
});

test("A version between two releases is judged by what both have", async () => {
  const setting = { ...settingOf(0), nodes: 2, release: "6.17.0" };
  expect(await judged(setting)).toMatchObject({ violated: 0, release: "6.17.0" });
});
