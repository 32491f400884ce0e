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

/** The law of each defect. */
const LAW: Readonly<Record<Defect, string>> = {
  overlap: "no-overlap",
  "early reuse": "flush-before-reuse",
  "no flush": "flush-well-formed",
  "short flush": "flush-well-formed",
  "area left out": "purge-takes-all",
  miscount: "lazy-count",
  "hole passed over": "lowest-fit-at-a-page",
};

test.each(DEFECTS)(
  "An allocator with a defect (%s) violates its law, or the report says what is undecided",
  async (defect) => {
    let [tried, byLaw] = [0, 0];
    for (let seed = 0; seed < 108; seed++) {
      const { report, isDefective } = await judged({ ...settingOf(seed), defect });
      if (!isDefective) continue;
      tried += 1;
      const { violated, violations, laws } = report;
      const open = laws.some(({ undecided, blind }) => Object.keys({ ...undecided, ...blind }).length > 0);
      expect(violated > 0 || open, `seed ${seed}`).toBe(true);
      if (violations.some(({ law }) => law === LAW[defect])) byLaw += 1;
    }
    expect(tried).toBeGreaterThan(50);
    expect(byLaw).toBeGreaterThan(0);
  },
);
