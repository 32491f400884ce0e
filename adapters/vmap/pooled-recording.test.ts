/** What the judge says that pools may hold, held against the pools that recordings dump. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { readRecording } from "./recording.ts";

const FOLDER = fileURLToPath(new URL("./recordings/", import.meta.url));

interface Pooled {
  readonly node: number;
  readonly start: number;
  readonly end: number;
}
const shown = ({ node, start, end }: Pooled) => `${start} to ${end} of node ${node}`;

/** The dumps whose pools hold something, beside what the judge takes them to hold. */
async function dumpsOf(label: string) {
  const found: { dumped: string[]; judged: string[]; allSure: boolean }[] = [];
  const spec = vmapSpec(releaseOf(label));
  for await (const { scope, exchanges } of readRecording(`${FOLDER}${label}.jsonl.gz`)) {
    let world = spec.initial(scope);
    for (const { command, response, dump } of exchanges) {
      world = spec.after(world, command, response) ?? world;
      if (dump?.pool === undefined || dump.pool.length + world.pooled.length === 0) continue;
      const allSure = world.pooled.every(({ sure }) => sure);
      found.push({ dumped: dump.pool.map(shown), judged: world.pooled.map(shown), allSure });
    }
  }
  return found;
}

describe.each(["6.12", "6.19"])("in the recording of %s", (label) => {
  test("The judge knows the pools, in their order, or at least what they may hold", async () => {
    const dumps = await dumpsOf(label);
    const wrong = dumps.filter(({ dumped, judged, allSure }) =>
      allSure ? judged.join() !== dumped.join() : !dumped.every((each) => judged.includes(each)),
    );
    expect(wrong).toEqual([]);
    expect(dumps.filter(({ allSure }) => allSure).length).toBeGreaterThan(300);
    expect(dumps.filter(({ allSure }) => !allSure).length).toBeGreaterThan(0);
  });
});
