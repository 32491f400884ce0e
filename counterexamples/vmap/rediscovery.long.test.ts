/** Random search finds every bug of the catalogue again. */

import { describe, expect, test } from "vitest";
import { readHistory } from "../../adapters/vmap/history-file.ts";
import { bugTarget } from "../../jobs/hunt-target.ts";
import { pinnedFile } from "../../jobs/pin/pinned.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { hunt } from "../../properties/hunt.ts";
import { HISTORIES } from "../../properties/vmap/histories.ts";
import { BUGS } from "./index.ts";

describe("random search", () => {
  const all = BUGS.flatMap((bug) =>
    [...new Set(bug.violations.map(({ law }) => law))].map((law) => ({ bug, law })),
  );

  test.each(all)(
    "Random search finds $bug.id by a violation of $law, nearly as short as it is pinned",
    async ({ bug, law }) => {
      const target = bugTarget(OPEN_VMAP, bug, law);
      const pinned = bug.violations.filter(
        (each) => each.law === law && each.on.includes(target.kernel.name),
      );
      const lengths = await Promise.all(
        pinned.map(async (each) => (await readHistory(pinnedFile(bug, each))).commands.length),
      );
      const enough = Math.max(...lengths) + 1;
      const { found } = hunt(HISTORIES, target, 7, { runs: 100_000, tries: 100_000, enough });
      expect(found).toBeDefined();
      expect(found?.history.length).toBeLessThanOrEqual(enough);
    },
  );
});
