/** Lines of /proc/vmallocinfo, as releases since 2.6.28 print them. */
import { describe, expect, test } from "vitest";
import { complaintOf, fileOf } from "../../complaints.testing.ts";
import { readVmallocinfo } from "./vmallocinfo.ts";

describe("an area of vmallocinfo", () => {
  test.each([
    [
      "2.6.28",
      "0xf7c00000-0xf7c03000   12288 acpi_os_map_memory+0x11/0x1a phys=3ffe0000 ioremap",
      {
        start: 0xf7c00,
        end: 0xf7c03,
        caller: "acpi_os_map_memory",
        use: "ioremap",
        lazy: false,
        pages: undefined,
      },
    ],
    [
      "2.6.32 with nodes",
      "0xffffc90000000000-0xffffc90000201000 2101248 alloc_large_system_hash+0x18a/0x237 pages=512 vmalloc N0=512",
      { start: 0xffffc90000000, caller: "alloc_large_system_hash", use: "vmalloc", pages: 512 },
    ],
    [
      "3.x, of vm_map_ram",
      "0xffffc90000a00000-0xffffc90000b00000 1048576 vm_map_ram",
      { caller: "", use: "vm_map_ram" },
    ],
    [
      "4.x, unpurged",
      "0xffffc90000a00000-0xffffc90000a02000    8192 unpurged vm_area",
      { lazy: true, caller: "" },
    ],
    [
      "without symbols",
      "0xffffc90000a00000-0xffffc90000a02000    8192 0xffffffff81234567 pages=1 vmalloc vpages user N0=1",
      { caller: "0xffffffff81234567", use: "vmalloc" },
    ],
    [
      "of a module",
      "0xf8a00000-0xf8a02000    8192 load_module+0x5e5/0x1c2c [kvm] pages=1 vmalloc",
      { caller: "load_module", pages: 1 },
    ],
    ["without words", "0xf8a00000-0xf8a02000    8192", { caller: "", use: "" }],
  ])("An area is read as printed by %s", async (_release, text, area) => {
    const [only] = await readVmallocinfo(fileOf(`${text}\n`, ".txt"));
    expect(only?.areas).toMatchObject([area]);
  });
});

test("A file may have several readings, each behind its title", async () => {
  const area = "0xf8a00000-0xf8a02000    8192 a+0x1/0x2 vmap\n";
  const read = await readVmallocinfo(
    fileOf(`==== pre (before)\n${area}==== end\n${area}${area.replaceAll("f8a", "f8b")}`, ".txt"),
  );
  expect(read.map(({ title, areas }) => [title, areas.length])).toEqual([
    ["pre (before)", 1],
    ["end", 2],
  ]);
});

describe("what is no vmallocinfo", () => {
  test.each([
    [
      "hidden addresses",
      "0x0000000000000000-0x0000000000000000    8192 a+0x1/0x2 vmap",
      /^FILE:1: has hidden addresses: .*kptr_restrict/,
    ],
    [
      "pointers that are hashed",
      "0x00000000f8a00000-0x00000000f8a07000    8192 a vmap",
      /^FILE:1: has hashed addresses: read it as root, with kernel.kptr_restrict=1$/,
    ],
    [
      "pointers that are hashed, the end below the start",
      "0x00000000fbc814fb-0x000000007ba838c0   20480 a pages=4 vmalloc",
      /^FILE:1: has hashed addresses: /,
    ],
    [
      "pointers of 32 bits that are hashed",
      "0x7ba838c0-0xfbc814fb   20480 a pages=4 vmalloc",
      /^FILE:1: has hashed addresses: /,
    ],
    [
      "another size than its addresses",
      "0xf8a00000-0xf8a07000    8192 a vmap",
      /^FILE:1: has 8192 bytes, and its addresses 28672/,
    ],
    [
      "an end below the start",
      "0xf8a02000-0xf8a00000    8192 a vmap",
      /^FILE:1: expected an area with its end above its start/,
    ],
    ["other text", "hello", /^FILE:1: is no area \("hello"\)/],
    ["nothing", "", /^FILE: has no areas/],
  ])("It is refused in one line: %s", async (_what, text, says) => {
    const path = fileOf(text, ".txt");
    expect(await complaintOf(() => readVmallocinfo(path), path)).toMatch(says);
  });
});
