/** A file of the wrong kind is recognised, and the error says which verbs take it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { kindOf } from "../adapters/file-kind.ts";
import { InputError } from "../adapters/input-error.ts";
import { answer, givenBy } from "../jobs/page/answers.ts";
import { replay } from "../jobs/replay.ts";
import { run } from "./run-verb.ts";
import { elsewhere, ROOT } from "./running.testing.ts";

const fixture = (path: string) => fileURLToPath(new URL(`../adapters/vmap/${path}`, import.meta.url));
const LOG = fixture("logs/fixtures/6.12-smp4.trace.txt.gz");
const READING = fixture("logs/fixtures/6.12-smp4-counter.vmallocinfo.txt.gz");
const RECORDING = fixture("recordings/3.16.jsonl.gz");
const HISTORY = join(ROOT, "counterexamples/vmap/vb-full-block-stale/no-alias-after-unmap-aliases.json");

function written(name: string, bytes: Uint8Array | string): string {
  const path = join(elsewhere, name);
  writeFileSync(path, bytes);
  return path;
}

/** What a verb says that does not know the file. */
function refusal(verb: string, file: string): Promise<unknown> {
  const refuses = async () => (): number => {
    throw new InputError(`${file}: is wrong`, file);
  };
  return run<string, object>(refuses)(file, {}, { name: () => verb }).then(
    () => undefined,
    (error: Error) => error.message.replace(file, "FILE"),
  );
}

describe("a file of another kind", () => {
  test.each([
    ["a log", LOG, "log"],
    ["a reading", READING, "reading"],
    ["a recording", RECORDING, "recording"],
    [
      "a recording of a gather",
      RECORDING.replace("vmap/recordings/3.16", "gather/recordings/5.11"),
      "recording",
    ],
    ["a history", HISTORY, "history"],
    ["none of these", join(ROOT, "package.json"), undefined],
    ["none at all", "nowhere.json", undefined],
  ])("is recognised by its first lines: %s", async (_what, file, kind) => {
    expect(await kindOf(file)).toBe(kind);
  });

  test.each([
    ["replay", LOG, "FILE looks like an ftrace log: use validate or view"],
    ["validate", RECORDING, "FILE looks like a recording: use conform, judge, replay, pin or view"],
    ["judge", HISTORY, "FILE looks like a history: use replay, pin or view"],
    ["validate", READING, "FILE looks like a reading of /proc/vmallocinfo: use vmallocinfo"],
    ["replay", HISTORY, "FILE: is wrong"],
    ["run", HISTORY, "FILE: is wrong"],
    ["judge", join(ROOT, "package.json"), "FILE: is wrong"],
  ])("is refused by %s with the verbs that take it", async (verb, file, says) => {
    expect(await refusal(verb, file)).toBe(says);
  });

  test("is a recording whose name does not say so", async () => {
    const file = written("recording.json", gunzipSync(readFileSync(RECORDING)));
    expect(await refusal("replay", file)).toBe(
      "FILE looks like a recording: its name must end in .jsonl or .jsonl.gz",
    );
  });
});

describe("a gzipped history", () => {
  const file = written("history.json.gz", gzipSync(readFileSync(HISTORY)));

  test("is replayed as the plain one is", async () => {
    const violated = (await replay(file)) as { violations: readonly { law: string }[] };
    expect(violated.violations.map(({ law }) => law)).toContain("no-alias-after-unmap-aliases");
  });

  test("is shown by view as a history, not as a log", async () => {
    const start = await answer("start", new URLSearchParams(), await givenBy(file), {});
    expect(start).toMatchObject({ opens: "history?target=file" });
  });

  test("that expands to more than a history may have is refused", async () => {
    const large = written("large.json.gz", gzipSync(" ".repeat(17 * 2 ** 20)));
    await expect(replay(large)).rejects.toThrow(/is larger than 16777216 bytes/);
  });
});
