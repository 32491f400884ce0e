/** What is counted of violations adds up, whichever of them follow from others, are withheld or withdrawn. */
import { expect, test } from "vitest";
import { Account, type Cause, type LogViolation, newCause } from "./account.ts";

const violation = (law: string, line: number): LogViolation => ({
  law,
  line,
  time: line,
  says: law,
  areas: [],
  around: [],
  events: [],
});
const LAWS = ["no-overlap", "lowest-fit-at-a-page", "purge-takes-all", "lazy-count"];
const WITHHELD = ["lowest-fit-at-a-page", "purge-takes-all"];
const listed = ({ violations }: Account) =>
  violations.map(({ law, line, moreByLaw }) => [law, line, moreByLaw] as const);
const tallyOf = (account: Account, law: string) => {
  const { violated = 0, more = 0 } = account.tallies.get(law) ?? {};
  return { violated, more };
};

test("no-overlap is listed beside lowest-fit-at-a-page of the same cause, or before it", () => {
  const account = new Account();
  const cause = newCause();
  account.violate(violation("lowest-fit-at-a-page", 5), cause);
  account.violate(violation("no-overlap", 9), cause);
  account.violate(violation("lowest-fit-at-a-page", 7), cause);
  account.violate(violation("lazy-count", 10), cause);
  expect(listed(account)).toEqual([
    ["lowest-fit-at-a-page", 5, { "lowest-fit-at-a-page": 1 }],
    ["no-overlap", 9, { "lazy-count": 1 }],
  ]);
  account.violate(violation("no-overlap", 4), cause);
  expect(listed(account)[0]?.slice(0, 2)).toEqual(["no-overlap", 4]);
});

test("lazy-count, counted in purge-takes-all, is listed once that is withheld; with nothing else its cause is gone", () => {
  const account = new Account();
  const [cause, other] = [newCause(), newCause()];
  account.violate(violation("purge-takes-all", 3), cause);
  account.violate(violation("lazy-count", 4), cause);
  account.violate(violation("purge-takes-all", 6), other);
  expect(listed(account)).toHaveLength(2);
  expect(account.withhold(WITHHELD, 9, "another release")).toEqual([other]);
  expect(listed(account)).toEqual([["lazy-count", 4, {}]]);
  expect(account.tallies.get("purge-takes-all")?.undecided.get("another release")).toBe(2);
  account.violate(violation("lazy-count", 11), other);
  expect(tallyOf(account, "lazy-count")).toEqual({ violated: 2, more: 0 });
});

test("no-overlap, found late and before lowest-fit-at-a-page that was withheld, leaves no tally below 0", () => {
  const account = new Account();
  const cause = newCause();
  account.violate(violation("lowest-fit-at-a-page", 5), cause);
  account.withhold(WITHHELD, 9, "another release");
  account.violate(violation("no-overlap", 2), cause);
  expect(tallyOf(account, "lowest-fit-at-a-page")).toEqual({ violated: 0, more: 0 });
  expect(listed(account)).toEqual([["no-overlap", 2, {}]]);
});

test("No tally is below 0, and each violation is counted once", () => {
  let state = 1;
  const below = (bound: number) => {
    state = (state * 48271) % 2147483647;
    return state % bound;
  };
  for (let run = 0; run < 500; run++) {
    const account = new Account();
    const causes: readonly Cause[] = Array.from({ length: 3 }, newCause);
    const counts = new Map(LAWS.map((law) => [law, 0]));
    let until = -1;
    for (let step = 0; step < 30; step++) {
      const what = below(20);
      if (what === 0) {
        account.withdraw("lost");
        for (const law of LAWS) counts.set(law, 0);
      } else if (what === 1 && until < 0) {
        until = 30;
        account.withhold(WITHHELD, until, "another release");
        for (const law of WITHHELD) counts.set(law, 0);
      } else {
        const [law, line] = [
          LAWS[below(LAWS.length)] as string,
          until + 1 + below(30) - (until > 0 ? below(30) : 0),
        ];
        account.violate(violation(law, line), causes[below(causes.length)]);
        if (line > until || !WITHHELD.includes(law)) counts.set(law, (counts.get(law) as number) + 1);
      }
      let [violated, more] = [0, 0];
      for (const law of LAWS) {
        const tally = tallyOf(account, law);
        expect(Math.min(tally.violated, tally.more)).toBeGreaterThanOrEqual(0);
        expect(tally.violated + tally.more).toBe(counts.get(law));
        violated += tally.violated;
        more += tally.more;
      }
      expect(account.violations).toHaveLength(violated);
      expect(account.violations.reduce((sum, each) => sum + each.more, 0)).toBe(more);
    }
  }
});
