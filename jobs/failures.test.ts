/** What earlier checks of trees kept is dropped where it is stale. */
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatWatchedCall, type WatchedCallFile } from "../adapters/watched-call-file.ts";
import { dropStaleCalls, keepCall } from "./failures.ts";

const home = process.cwd();
beforeEach(() => process.chdir(mkdtempSync(join(tmpdir(), "vmapcheck-calls-"))));
afterEach(() => process.chdir(home));

const call = (directory: string): WatchedCallFile => ({
  ...{ tree: "6.12", directory, law: "obeys-mask", watched: "vmalloc", context: "process" },
  ...{ mask: "GFP_KERNEL", situation: "nothing is allocated", fails: 0, vmalloc: [], vfree: [] },
});

test("calls of this tree, of a tree that is gone and of another version are dropped, and no others", async () => {
  for (const directory of ["mine", "other"]) mkdirSync(directory);
  for (const [name, directory] of [
    ["tree:mine", "mine"],
    ["tree:other", "other"],
    ["tree:gone", "gone"],
  ] as const)
    await keepCall(name, "obeys-mask", 0, formatWatchedCall(call(directory)));
  const { directory: _none, ...old } = call("other");
  await keepCall("tree:old", "obeys-mask", 0, formatWatchedCall(old));
  writeFileSync(join(".vmapcheck", "calls", "next.json"), '{"vmapcheck":2}');
  expect(readdirSync(join(".vmapcheck", "calls"))).toHaveLength(5);
  await dropStaleCalls("./mine/");
  expect(readdirSync(join(".vmapcheck", "calls"))).toEqual(["tree_other.obeys-mask.1.json"]);
});

test("nothing is dropped, and no folder made, where none was kept", async () => {
  await dropStaleCalls("mine");
  expect(readdirSync(".")).toEqual([]);
});
