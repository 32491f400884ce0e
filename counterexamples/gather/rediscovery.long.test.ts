/** Random search finds every bug of the catalogue again. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { historyIn } from "../../adapters/gather/history-file.ts";
import { OPEN_GATHER } from "../../jobs/gather/open-wing.ts";
import { bugTarget } from "../../jobs/hunt-target.ts";
import { HISTORIES } from "../../properties/gather/bench.ts";
import { hunt } from "../../properties/hunt.ts";
import { BUGS } from "./index.ts";

const pinnedLength = (slug: string, file: string): number => {
  const path = fileURLToPath(new URL(`${slug}/${file}`, import.meta.url));
  return historyIn(path, JSON.parse(readFileSync(path, "utf8"))).commands.length;
};

/** Seeds whose first finding is in a scope that has no shortest history: 8 commands, where 6 do. */
const SHORTER_ELSEWHERE = [
  { slug: "zap-range-wrong-half", seed: 9106 },
  { slug: "zap-misses-last-page", seed: 12007 },
] as const;

const found = (slug: string, law: string, seed: number): number | undefined => {
  const bug = BUGS.find(({ id }) => id === slug);
  if (bug === undefined) throw new Error(slug);
  const limit = { runs: 200_000, tries: 30_000 };
  return hunt(HISTORIES, bugTarget(OPEN_GATHER, bug, law), seed, limit).found?.history.length;
};

describe("random search", () => {
  const all = BUGS.flatMap(({ id: slug, violations }) =>
    [...new Set(violations.map(({ law }) => law))].map((law) => {
      const lengths = violations
        .filter((each) => each.law === law)
        .map(({ pinned }) => pinnedLength(slug, pinned));
      return { slug, law, shortest: Math.min(...lengths) };
    }),
  );

  test.each(all)(
    "Random search finds $slug by a violation of $law, at most one command above the shortest",
    ({ slug, law, shortest }) => {
      expect(found(slug, law, 7)).toBeLessThanOrEqual(shortest + 1);
    },
  );

  test.each(SHORTER_ELSEWHERE)(
    "From seed $seed $slug is found in a scope and is shorter in another",
    ({ slug, seed }) => {
      expect(found(slug, "freed-not-reached", seed)).toBe(6);
    },
  );
});
