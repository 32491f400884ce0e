/** That real kernels fall short of what they do not promise, and by the bugs that the catalogue says. */

import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { attributeViolations } from "../../counterexamples/vmap/index.ts";
import { isTested } from "../../kernels/vmap/families.testing.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { judgeTrace } from "./judge-recording.ts";
import { readRecording } from "./recording.ts";

const FOLDER = fileURLToPath(new URL("./recordings/", import.meta.url));

/** Replies in the recordings of the project, by law and bug. docs/findings.md has a line for each. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "2.6.27": {},
  "2.6.28": {
    "unmapped-means-no-pte B5": 2222,
    "flush-only-once C9": 42,
    "blocks-pack A17": 294,
    "free-space-is-usable A17": 335,
  },
  "2.6.37": {
    "flush-only-once C9": 34,
    "usable-blocks-stay C8": 75,
    "blocks-pack A17": 241,
    "free-space-is-usable A17": 255,
  },
  "2.6.39": {
    "flush-only-once C9": 35,
    "usable-blocks-stay C8": 74,
    "blocks-pack A17": 246,
    "free-space-is-usable A17": 299,
  },
  "3.1": {
    "lowest-fit-at-a-page A9": 80,
    "flush-only-once C9": 42,
    "usable-blocks-stay C8": 82,
    "free-space-is-usable A9": 3,
  },
  "5.2": {
    "blocks-pack A13": 32,
    "free-space-is-usable A13": 67,
    "lowest-fit A13": 292,
    "lowest-fit-at-a-page A13": 155,
    "flush-only-once C9": 36,
    "usable-blocks-stay C8": 80,
  },
  "5.17": { "flush-only-once C9": 36, "usable-blocks-stay C8": 82 },
  "6.4": {
    "lowest-fit A13": 115,
    "blocks-pack A13": 29,
    "free-space-is-usable A13": 53,
    "flush-only-once C9": 36,
    "usable-blocks-stay C8": 80,
  },
  "6.5": { "lowest-fit A13": 116, "blocks-pack A13": 39, "free-space-is-usable A13": 61 },
  "6.12": {
    "lowest-fit A13": 124,
    "lowest-fit va-pool-gives-higher": 58,
    "blocks-pack A13": 33,
    "free-space-is-usable A13": 57,
  },
};
const LAWS_ASKED = [
  "lowest-fit",
  "lowest-fit-at-a-page",
  "blocks-pack",
  "free-space-is-usable",
  "unmapped-means-no-pte",
  "flush-only-once",
  "usable-blocks-stay",
];

describe("a recorded kernel", () => {
  test.each(Object.keys(EXPECTED).filter(isTested))(
    "The recorded kernel %s falls short of an ideal only where the catalogue says so",
    async (label) => {
      const { laws, labels } = releaseOf(label);
      const ideals = LAWS_ASKED.filter((law) => !laws.includes(law));
      const found: Record<string, number> = {};
      for await (const trace of readRecording(`${FOLDER}${label}.jsonl.gz`)) {
        const { violations } = judgeTrace(
          vmapSpec(releaseOf(label)),
          lawsCalled([...laws, ...ideals]),
          trace,
        );
        for (const violated of violations) {
          for (const { law, bug } of attributeViolations(labels[0] as string, violated.laws, violated)) {
            if (!ideals.includes(law)) continue;
            const name = `${law} ${bug?.number ?? bug?.id ?? "unknown"}`;
            found[name] = (found[name] ?? 0) + 1;
          }
        }
      }
      expect(found).toEqual(EXPECTED[label]);
    },
  );
});
