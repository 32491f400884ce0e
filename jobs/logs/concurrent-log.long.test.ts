/** Many concurrent logs: of a correct allocator, and of one that does one thing wrong. */
import { expect, test } from "vitest";
import { judged } from "./concurrent-judged.testing.ts";
import { DEFECTS, type Defect, settingOf } from "./concurrent-setting.testing.ts";

test.each([0, 3])(
  "Nothing is violated in 540 logs of a correct allocator with %i losses of events",
  async (losses) => {
    for (let seed = 1000; seed < 1540; seed++) {
      const { report } = await judged({ ...settingOf(seed), losses });
      expect(report.violations, `seed ${seed}`).toEqual([]);
    }
  },
);

/** The law of each defect, and in how many of 108 logs it is violated: elsewhere the log may be that of a correct one. */
const VIOLATED: Readonly<Record<Defect, readonly [law: string, least: number]>> = {
  overlap: ["no-overlap", 96],
  "early reuse": ["flush-before-reuse", 27],
  "no flush": ["flush-well-formed", 47],
  "short flush": ["flush-well-formed", 63],
  "area left out": ["purge-takes-all", 22],
  miscount: ["lazy-count", 93],
  "hole passed over": ["lowest-fit-at-a-page", 1],
};

test.each(DEFECTS)(
  "An allocator with a defect (%s) violates its law in as many logs as before",
  async (defect) => {
    const [law, least] = VIOLATED[defect];
    let [tried, byLaw] = [0, 0];
    for (let seed = 0; seed < 108; seed++) {
      const { report, isDefective } = await judged({ ...settingOf(seed), defect });
      if (!isDefective) continue;
      tried += 1;
      const of = report.laws.find(({ id }) => id === law);
      if (of !== undefined && of.violated + of.more > 0) byLaw += 1;
    }
    expect(tried).toBeGreaterThan(100);
    expect(byLaw).toBeGreaterThanOrEqual(least);
  },
);
