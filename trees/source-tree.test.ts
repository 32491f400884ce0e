import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTree } from "./source-tree.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vmapcheck-tree-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text = ""): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const HEADERS = ["vmalloc", "list", "llist", "rbtree", "rbtree_augmented", "poison"];
function putAll(): void {
  for (const path of ["mm/vmalloc.c", "lib/rbtree.c", ...HEADERS.map((name) => `include/linux/${name}.h`)])
    put(path);
}

describe("a directory", () => {
  test("that does not exist is no tree", () => {
    expect(() => readTree(join(folder, "none"))).toThrow("none: expected the directory of a kernel tree");
  });

  test("without mm/vmalloc.c is no tree", () => {
    expect(() => readTree(folder)).toThrow("expected a kernel tree, but it has no mm/vmalloc.c");
  });

  test("without a header that holds the allocator's structures is refused by that header's name", () => {
    putAll();
    rmSync(join(folder, "include/linux/rbtree.h"));
    expect(() => readTree(folder)).toThrow(
      join(folder, "include/linux/rbtree.h: expected this file as well"),
    );
  });

  test("with all of them is a tree, and its Makefile has the version", () => {
    putAll();
    expect(readTree(folder).version).toBeUndefined();
    put(
      "Makefile",
      "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\nNAME = Baby Opossum Posse\n",
    );
    expect(readTree(folder).version).toBe("6.12.117");
    put("Makefile", "VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 0\nEXTRAVERSION = -rc2\n");
    expect(readTree(folder).version).toBe("7.3.0-rc2");
  });
});
