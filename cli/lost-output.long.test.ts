/** Output that cannot be written: the run ends with 2, without a stack trace. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { elsewhere, env, MAIN } from "./running.testing.ts";

/** Runs it with this for its standard output. */
function ended(stdout: "pipe" | number, words: readonly string[]): Promise<{ code: number; err: string }> {
  const node = spawn(process.execPath, [...MAIN, ...words], {
    cwd: elsewhere,
    env,
    stdio: ["ignore", stdout, "pipe"],
  });
  // The reader closes the pipe before anything was written.
  node.stdout?.destroy();
  let err = "";
  node.stderr?.on("data", (text) => {
    err += text;
  });
  return new Promise((done) => node.on("close", (code) => done({ code: code ?? -1, err })));
}

test.each([["list"], ["list --json"], ["replay A9"]])(
  "%s into a full device prints one line of error",
  async (words) => {
    const full = openSync("/dev/full", "w");
    const { code, err } = await ended(full, words.split(" "));
    closeSync(full);
    expect(code).toBe(2);
    expect(err).toBe("vmapcheck: standard output: ENOSPC: no space left on device, write\n");
  },
);

test.each([["list"], ["replay A9"]])("%s into a closed pipe ends silently, as by SIGPIPE", async (words) => {
  expect(await ended("pipe", words.split(" "))).toEqual({ code: 141, err: "" });
});
