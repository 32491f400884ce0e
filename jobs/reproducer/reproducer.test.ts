/** Reproducers: C that a kernel's compiler would take, for everything that is pinned. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { printedBy } from "../../cli/running.testing.ts";
import { pinVerb } from "../../cli/verbs/pin.ts";
import { INTERLEAVED } from "../../counterexamples/interleavings.ts";
import { BUGS } from "../../counterexamples/vmap/index.ts";
import { IS_WHOLE } from "../../engine/bounds.testing.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import { run } from "../../trees/compiler.ts";
import { hasHostCompiler } from "../../trees/native-build.ts";
import { violationToReproduce } from "../pin/pin.ts";
import { allPinned, pinnedFile } from "../pin/pinned.ts";
import type { ReplayedHistory } from "../replay.ts";
import { REPRODUCER_KINDS, type ReproducerKind, reproducerOf } from "./reproducer.ts";

/** The declarations of the kernel's that a reproducer needs, with the arguments that they have from 5.8 on. */
const STAND_IN = `
#pragma once
typedef _Bool bool;
typedef struct { int counter; } atomic_t;
#define true 1
#define false 0
#define NULL ((void *)0)
#define __init
#define __maybe_unused __attribute__((unused))
#define __printf(a, b) __attribute__((format(printf, a, b)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 12, 0)
#define BITS_PER_LONG 64
#define PAGE_SIZE 4096UL
#define PAGE_KERNEL 1
#define GFP_KERNEL 1u
#define VM_MAP 4UL
#define VM_NO_GUARD 64UL
#define NUMA_NO_NODE (-1)
#define HZ 250
#define EAGAIN 11
#define IS_ERR(p) ((unsigned long)(p) >= -4095UL)
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define for_each_online_cpu(cpu) for ((cpu) = 0; (cpu) < 2; (cpu)++)
#define time_before(a, b) ((long)((a) - (b)) < 0)
#define MODULE_LICENSE(text) extern int license
#define module_init(f) int init_module(void) { return f(); }
struct page;
struct task_struct;
struct completion { unsigned int done; };
extern volatile unsigned long jiffies;
void *kcalloc(unsigned long n, unsigned long size, unsigned int flags);
void kfree(const void *p);
struct page *alloc_page(unsigned int flags);
void __free_page(struct page *page);
void *page_address(const struct page *page);
unsigned long page_to_pfn(const struct page *page);
struct page *vmalloc_to_page(const void *addr);
void *vm_map_ram(struct page **pages, unsigned int count, int node);
void vm_unmap_ram(const void *mem, unsigned int count);
void vm_unmap_aliases(void);
void *vmap(struct page **pages, unsigned int count, unsigned long flags, int prot);
void vunmap(const void *addr);
long copy_from_kernel_nofault(void *to, const void *from, unsigned long size);
long work_on_cpu(int cpu, long (*f)(void *), void *arg);
bool cpu_online(unsigned int cpu);
void pr_info(const char *format, ...) __printf(1, 2);
void pr_err(const char *format, ...) __printf(1, 2);
void atomic_inc(atomic_t *a);
int atomic_read(const atomic_t *a);
void init_completion(struct completion *c);
void complete_all(struct completion *c);
unsigned long wait_for_completion_timeout(struct completion *c, unsigned long time);
long schedule_timeout_uninterruptible(long time);
struct task_struct *kthread_create(int (*f)(void *), void *data, const char *name, ...) __printf(3, 4);
void kthread_bind(struct task_struct *task, unsigned int cpu);
int kthread_stop(struct task_struct *task);
int wake_up_process(struct task_struct *task);
void get_task_struct(struct task_struct *task);
void put_task_struct(struct task_struct *task);
struct kunit;
struct kunit_case { void (*run_case)(struct kunit *); const char *name; };
struct kunit_suite { char name[256]; struct kunit_case *test_cases; };
void kunit_expect(struct kunit *test, bool holds, const char *format, ...) __printf(3, 4);
#define KUNIT_EXPECT_TRUE_MSG(test, condition, ...) kunit_expect(test, condition, __VA_ARGS__)
#define KUNIT_CASE(f) { f, #f }
#define kunit_test_suite(suite) struct kunit_suite *suites[] = { &(suite) }
`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vmapcheck-reproducer-"));
});

/** What a compiler says against these files; -Wformat-zero-length and the like are on. */
function complaintsOf(texts: ReadonlyMap<string, string>): string {
  const [all = ""] = texts.values();
  for (const [, header] of [...texts.values()].join("\n").matchAll(/^#include <(\w+)\/\w+\.h>$/gm))
    mkdirSync(join(folder, "include", header as string), { recursive: true });
  for (const [, header] of all.matchAll(/^#include <(.+)>$/gm))
    writeFileSync(join(folder, "include", header as string), '#include "../stand-in.h"\n');
  mkdirSync(join(folder, "include/kunit"), { recursive: true });
  writeFileSync(join(folder, "include/kunit/test.h"), '#include "../stand-in.h"\n');
  writeFileSync(join(folder, "include/stand-in.h"), STAND_IN);
  const files = [...texts].map(([name, text]) => {
    const file = join(folder, `${name}.c`);
    writeFileSync(file, text);
    return file;
  });
  const how = ["-fsyntax-only", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"];
  const quiet = ["-Wno-missing-field-initializers", "-Wno-sign-compare"];
  return run("gcc", [...how, ...quiet, "-nostdinc", "-I", join(folder, "include"), ...files]).stderr;
}

/** Everything that is pinned: what names it, and the law. */
const PINNED = [
  ...allPinned({ bugs: BUGS }).map(({ bug, pinned }) => ({ target: bug.id, grain: "call", ...pinned })),
  ...INTERLEAVED.flatMap((bug) =>
    bug.violations.map((each) => ({ target: bug.id, grain: "step", on: [undefined], ...each })),
  ),
];

/** In `npm test` every fourth, among them each grain. */
const TRIED = PINNED.filter((_each, nth) => IS_WHOLE || nth % 4 === 0);

async function reproducers(kind: ReproducerKind): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const { target, grain, law, on, pinned } of TRIED) {
    const found = await violationToReproduce(target, { grain, law, kernel: on[0] });
    if ("keeps" in found) throw new Error(`${target}: ${found.keeps}`);
    const { text } = reproducerOf(found, [`${target}, ${pinned}`], kind);
    texts.set(`${target}.${grain}.${on[0] ?? ""}.${pinned}`, text);
  }
  return texts;
}

describe.skipIf(!hasHostCompiler())("with a C compiler (skipped without):", () => {
  test.each(REPRODUCER_KINDS)("a pinned history or interleaving is a %s that compiles", async (kind) => {
    const texts = await reproducers(kind);
    expect(texts.size).toBe(TRIED.length);
    expect(new Set(TRIED.map(({ grain }) => grain)).size).toBe(2);
    expect(complaintsOf(texts)).toBe("");
  });

  test("a call that has too few arguments does not compile", async () => {
    const found = await violationToReproduce("C7");
    const { text } = reproducerOf(found as ReplayedHistory<VmapTerms>, []);
    expect(text).toContain("unmap_ram(1, 0);");
    expect(complaintsOf(new Map([["broken", text.replace("unmap_ram(1, 0);", "unmap_ram(1);")]]))).toMatch(
      /too few arguments/,
    );
  });
});

describe("the calls", () => {
  const codeOf = async (target: string, grain?: string) => {
    const found = await violationToReproduce(target, { grain });
    if ("keeps" in found) throw new Error(found.keeps);
    return reproducerOf(found, []);
  };

  test("of C7 fill a block of the real size as they filled the small one", async () => {
    const { text, kind, lacks } = await codeOf("C7");
    expect(kind).toBe("kunit");
    expect(/^static void run\(void\)\n[\s\S]*?^}$/m.exec(text)?.[0]).toBe(
      [
        "static void run(void)",
        "{",
        "	begin_block(0, 8 * BITS_PER_LONG / 4);",
        "	/* 1. mapRam */",
        "	map_ram(1, 0, 3 * BITS_PER_LONG / 4);",
        "	/* 2. touch */",
        "	touch(1, 0, 0, false);",
        "	/* 3. unmapRam */",
        "	unmap_ram(1, 0);",
        "	/* 4. mapRam */",
        "	map_ram(4, 0, 3 * BITS_PER_LONG / 4);",
        "	/* 5. unmapAliases */",
        "	unmap_aliases();",
        "}",
      ].join("\n"),
    );
    expect(lacks.join("\n")).toContain("a CPU may drop it by itself");
  });

  test("of C13 are those of two threads, and the delay of its last vb_free is named", async () => {
    const { text, kind } = await codeOf("C13", "step");
    expect(kind).toBe("module");
    expect(text).toContain("static int cpu_0(void *unused)");
    expect(text).toMatch(
      / \* - CPU 0, behind step 11 \(vb_free: marks page 0 dirty, the last of block 0; unlocks\) and before free_vmap_block: .* until CPU 1 has taken step 17 /,
    );
    // CPU 1 unmaps its own page, and calls vm_unmap_aliases during the second delay of CPU 0.
    expect(text).toMatch(/after_delays\(2, 0\);\n\tbegin\(5\);\n\tunmap_ram\(3, 1\);/);
    expect(text).toMatch(/after_delays\(2, 1\);\n\tbegin\(6\);\n\tunmap_aliases\(\);/);
  });

  test("that no exported function does are named", async () => {
    const { text, lacks } = await codeOf("A1");
    expect(lacks.join("\n")).toMatch(/lowest-fit cannot be judged by exported functions/);
    expect(lacks.join("\n")).toMatch(/window and alignment of an area|an area of one page/);
    for (const lack of lacks) expect(text).toContain(` * - ${lack}`);
  });
});

describe("the file", () => {
  const options = { json: false, reproducer: true } as const;
  const C7 = allPinned({ bugs: BUGS }).find(({ bug }) => bug.number === "C7") as ReturnType<
    typeof allPinned
  >[number];

  test("is written whole, and never in place of another", async () => {
    const out = join(folder, "mine.c");
    const { code, out: printed } = await printedBy(() => pinVerb("C7", { ...options, out }));
    expect({ code, files: readdirSync(folder) }).toEqual({ code: 0, files: ["mine.c"] });
    expect(printed).toContain("what it cannot force: ");
    const text = readFileSync(out, "utf8");
    expect(text).toContain(" *   5. unmapAliases -> done, CPU 0 still translates 64 to frame 1\n");
    expect(text).toContain(" * Commits: fc1e0d980037, db64fe02\n");
    expect(text).toContain(" *   violation   .  ^  .");
    writeFileSync(out, "mine");
    await expect(pinVerb("C7", { ...options, out })).rejects.toThrow(/mine\.c: it is there already/);
    expect(readFileSync(out, "utf8")).toBe("mine");
    expect(readdirSync(folder)).toEqual(["mine.c"]);
  });

  test("may be named after --reproducer as well as before it", async () => {
    const out = join(folder, "after.c");
    await printedBy(() => pinVerb(undefined, { json: false, reproducer: "C7", out }));
    expect(readFileSync(out, "utf8")).toContain("no-alias-after-unmap-aliases");
    rmSync(out);
  });

  test("cannot be left by a name that ends its comment", async () => {
    const hostile = join(folder, "x*");
    mkdirSync(hostile);
    const file = `${hostile}/abort();.json`;
    writeFileSync(file, readFileSync(pinnedFile(C7.bug, C7.pinned)));
    const out = join(folder, "hostile.c");
    expect((await printedBy(() => pinVerb(file, { ...options, out }))).code).toBe(0);
    const text = readFileSync(out, "utf8");
    const [comment] = /^\/\*[\s\S]*?\*\//m.exec(text) as RegExpExecArray;
    expect(comment).toContain("abort()");
    expect(text.replace(comment, "")).not.toContain("abort()");
  });

  test("is of a history once that is shrunk", async () => {
    const json = JSON.parse(readFileSync(pinnedFile(C7.bug, C7.pinned), "utf8"));
    json.commands.splice(4, 0, { op: "tlb" });
    const file = join(folder, "long.json");
    writeFileSync(file, JSON.stringify(json));
    const found = await violationToReproduce(file);
    expect((found as ReplayedHistory).history.commands).toHaveLength(5);
  });

  test("is none of what violates nothing, of a recording as it is, or of an unknown kind", async () => {
    expect(await violationToReproduce("C7", { kernel: "6.12" })).toHaveProperty("keeps");
    const recording = new URL("../../adapters/vmap/recordings/3.16.jsonl.gz", import.meta.url).pathname;
    await expect(violationToReproduce(recording)).rejects.toThrow(/--kernel or --tree/);
    await expect(pinVerb(undefined, { json: false, reproducer: "module" })).rejects.toThrow(
      "pin takes a file, or with --reproducer also a bug: none is given",
    );
    await expect(pinVerb("C7", { json: false, reproducer: "C13" })).rejects.toThrow(
      '--reproducer takes kunit or module, not "C13"',
    );
  });
});
