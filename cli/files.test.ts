/** Files written beside the output: a failure of one does not lose another. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  filesNamed,
  refuseSameFile,
  refuseUnwritable,
  reportUnwritten,
  writeFiles,
  writtenText,
} from "./files.ts";

const here = mkdtempSync(join(tmpdir(), "vmapcheck-files-"));
const at = (name: string) => join(here, name);
writeFileSync(at("a"), "a");
mkdirSync(at("folder"));

afterEach(() => {
  vi.restoreAllMocks();
});

test("only given options name files", () => {
  expect(filesNamed({ "--dot": "a", "--itf": undefined })).toEqual([{ option: "--dot", path: "a" }]);
});

describe("before long work", () => {
  test.each([
    ["a folder", at("folder"), /^--dot \S+: it is a directory$/],
    ["a missing folder", at("nowhere/graph"), /^--dot \S+: ENOENT/],
    ["a folder that is a file", at("a/graph"), /^--dot \S+: ENOTDIR/],
  ])("%s is refused", async (_what, path, says) => {
    await expect(refuseUnwritable([{ option: "--dot", path }])).rejects.toThrow(says);
  });

  test("a new file, an existing one, and a device are not", async () => {
    const paths = [at("new"), at("a"), "/dev/null"];
    await refuseUnwritable(paths.map((path) => ({ option: "--dot", path })));
    expect(existsSync(at("new"))).toBe(false);
  });

  test("one file for two options is refused, under any of its names", async () => {
    linkSync(at("a"), at("hard"));
    symlinkSync(at("a"), at("soft"));
    const two = (one: string, other: string) =>
      refuseSameFile([
        { option: "--dot", path: one },
        { option: "--itf", path: other },
      ]);
    for (const other of ["a", "hard", "soft", "folder/../a"])
      await expect(two(at("a"), at(other))).rejects.toThrow(/^--dot and --itf name the same file, /);
    await expect(two(at("new"), at("folder/../new"))).rejects.toThrow("the same file");
    await two(at("a"), at("new"));
    await two("/dev/null", "/dev/null");
  });
});

describe("after it", () => {
  test("a file is written even if another one fails", async () => {
    const written = await writeFiles([
      { option: "--dot", path: at("graph"), lack: "it is too large" },
      { option: "--out", path: at("folder"), text: "lost" },
      { option: "--itf", path: at("run"), text: "kept" },
    ]);
    expect(written.map(({ option, why }) => [option, why === undefined])).toEqual([
      ["--dot", false],
      ["--out", false],
      ["--itf", true],
    ]);
    expect(readFileSync(at("run"), "utf8")).toBe("kept");
    const [again] = await writeFiles([{ option: "--itf", path: at("run"), text: "kept" }]);
    const says = [written[2], again].map((each) => each && writtenText(each, 2000).replace(at("run"), "run"));
    expect(says).toEqual(["run: 2 kB", "run: 2 kB, in place of the file that was there"]);
    expect(existsSync(at("graph"))).toBe(false);
  });

  test("each that was not written is named in a line, with the reason", () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const file = { option: "--dot", path: "graph", replaced: false };
    expect(
      reportUnwritten([
        { ...file, why: "it is too large" },
        { ...file, why: undefined },
      ]),
    ).toBe(true);
    expect(error.mock.calls).toEqual([["vmapcheck: --dot graph was not written: it is too large"]]);
    expect(reportUnwritten([{ ...file, why: undefined }])).toBe(false);
  });
});
