import { expect, test } from "vitest";
import { commandText, responseText } from "../../jobs/command-text.ts";
import type { Alloc } from "../../spec/vmap/commands.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";

const alloc: Alloc = { op: "alloc", size: 2, align: PAGE_SIZE, vstart: 16, vend: 20, map: false };

test("a window that ends between two pages is printed as its whole pages", () => {
  expect(commandText(alloc)).toBe("alloc 2 pages in [16,20)");
});

test("a window that ends inside a page is printed with a part", () => {
  expect(commandText({ ...alloc, endsInside: true })).toBe("alloc 2 pages in [16,20 and a part)");
  expect(commandText({ ...alloc, endsInside: true, cpu: 1 })).toBe(
    "alloc 2 pages in [16,20 and a part) on CPU 1",
  );
});

const NOTHING_DONE = { flushes: [], pteSet: 0, pteCleared: 0 } as const;

test("a warning is printed beside the result of the call", () => {
  expect(responseText({ ...NOTHING_DONE, kind: "done", warning: "no area" })).toBe("done, warned: no area");
});

test("a call that does not return is printed with its last known place", () => {
  expect(responseText({ ...NOTHING_DONE, kind: "hung", text: "last seen in vb_alloc" })).toBe(
    "does not return: last seen in vb_alloc",
  );
});
