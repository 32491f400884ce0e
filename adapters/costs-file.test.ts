/** Files of costs: what is left out, and what is refused in one line. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COSTS } from "../costs/costs.ts";
import { readCosts, readDefaultCosts } from "./costs-file.ts";
import { InputError } from "./input-error.ts";

const folder = mkdtempSync(join(tmpdir(), "vmapcheck-costs-"));
let files = 0;
function written(content: unknown): string {
  files += 1;
  const path = join(folder, `${files}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("The Opteron of 2008 has each cost, a source for each, and no more than three figures that it is calibrated on", async () => {
  const costs = await readDefaultCosts();
  expect(Object.keys(costs.nanoseconds).sort()).toEqual([...COSTS].sort());
  expect(Object.keys(costs.sources).sort()).toEqual([...COSTS].sort());
  expect(costs.calibratedOn.length).toBeLessThanOrEqual(3);
});

test("What a file leaves out is as on the Opteron of 2008; it is calibrated on nothing unless it says so", async () => {
  const [own, opteron] = [
    await readCosts(written({ machine: "mine", nanoseconds: { flush: 7 } })),
    await readDefaultCosts(),
  ];
  expect(own.machine).toBe("mine");
  expect(own.calibratedOn).toEqual([]);
  expect(own.cpusPerSocket).toBe(opteron.cpusPerSocket);
  expect(own.nanoseconds).toEqual({ ...opteron.nanoseconds, flush: 7 });
});

describe("a bad file is refused in one line that says what and where", () => {
  test.each([
    ["not JSON", "{", /is not JSON/],
    ["no object", [], /expected an object/],
    ["no machine", { nanoseconds: {} }, /the key "machine" is missing/],
    ["an unknown cost", { machine: "m", nanoseconds: { flsh: 1 } }, /nanoseconds: .*flsh/],
    ["a text", { machine: "m", nanoseconds: { flush: "1" } }, /nanoseconds\.flush: expected a number/],
    [
      "a negative cost",
      { machine: "m", nanoseconds: { flush: -1 } },
      /nanoseconds\.flush: expected a number of at least 0/,
    ],
    [
      "a cost of more than a second",
      '{"machine":"m","nanoseconds":{"flush":1e10}}',
      /nanoseconds\.flush: .*1000000000/,
    ],
    ["no number", '{"machine":"m","nanoseconds":{"flush":1e999}}', /nanoseconds\.flush: expected a number/],
    ["no CPU in a socket", { machine: "m", cpusPerSocket: 0, nanoseconds: {} }, /cpusPerSocket/],
    ["four figures", { machine: "m", calibratedOn: ["a", "b", "c", "d"], nanoseconds: {} }, /calibratedOn/],
    ["too much", `{"machine":"${"m".repeat(70_000)}"}`, /is larger than 65536 bytes/],
  ])("%s", async (_what, content, says) => {
    const refused = await readCosts(written(content)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InputError);
    expect((refused as Error).message).toMatch(says);
    expect((refused as Error).message).not.toContain("\n");
  });

  test("a folder, and nothing at all", async () => {
    await expect(readCosts(folder)).rejects.toThrow("it is a folder (EISDIR)");
    await expect(readCosts(join(folder, "none.json"))).rejects.toThrow("there is no such file");
  });
});
