/** A violation as C for the real kernel: a KUnit test or a module that makes the same calls, by exported functions alone. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { fitsBlock, isPossible, type Scope } from "../../spec/vmap/scope.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import type { Pages } from "../../spec/vmap/vocabulary.ts";
import type { ReplayedHistory } from "../replay.ts";
import type { ReplayedRun } from "../replay-run.ts";
import { type Calls, threadsOf } from "./threads.ts";

export const REPRODUCER_KINDS = ["kunit", "module"] as const;
export type ReproducerKind = (typeof REPRODUCER_KINDS)[number];

export interface Reproducer extends Pick<Calls, "lacks"> {
  readonly kind: ReproducerKind;
  /** A name for the file, without its ending. */
  readonly name: string;
  readonly text: string;
}

/** The pages that vmap of a reproducer takes at most: more are no test for a real machine. */
const MOST_PAGES = 4096;

/** What exported functions show of a violation of these laws. */
const SEEN: readonly string[] = [
  "no-alias-after-unmap-aliases",
  "pinned-is-unaliased",
  "unmapped-means-no-pte",
  "no-overlap",
  "no-bug",
  "no-crash",
  "answers",
  "calls-return",
  "argument-domain",
  "no-use-after-free",
];

const ALIAS_LAWS = ["no-alias-after-unmap-aliases", "pinned-is-unaliased"];
const EVICTED = "that a TLB keeps its entry: a CPU may drop it by itself, so that this has to be run often";

/** `about`: what a reader of the C has to know, line by line. */
export function reproducerOf(
  found: ReplayedHistory<VmapTerms> | ReplayedRun,
  about: readonly string[] = [],
  asked?: ReproducerKind,
): Reproducer {
  const calls = found.kind === "run" ? threadsOf(found) : callsOf(found);
  const [violation] = found.violations;
  const law = violation?.law ?? "";
  const kind = asked ?? (found.kind === "run" ? "module" : "kunit");
  const bug = typeof violation?.bug === "object" ? violation.bug.id : violation?.bug;
  const name = `vmapcheck_${bug ?? "unknown"}_${law}`.replaceAll(/[^a-z0-9]+/g, "_");
  const unseen = SEEN.includes(law)
    ? []
    : [`${law} cannot be judged by exported functions: the addresses are printed, to be compared by hand`];
  const inTlb = ALIAS_LAWS.includes(law) ? [EVICTED] : [];
  const lacks = [...unseen, ...inTlb, ...calls.lacks];
  return { kind, name, lacks, text: textOf({ ...calls, lacks }, { kind, name, about }) };
}

interface About extends Pick<Reproducer, "kind" | "name"> {
  readonly about: readonly string[];
}

function textOf(calls: Calls, { kind, name, about }: About): string {
  const runtime = readFileSync(fileURLToPath(new URL("./runtime.c", import.meta.url)), "utf8");
  const comment = [
    `${name}:`,
    "the calls of this run, for a real kernel.",
    "",
    ...about,
    ...listed("What this cannot force or see, as no exported function does it:", calls.lacks),
    ...listed("Delays, which have to be put into mm/vmalloc.c:", calls.delays),
    "",
    ...(kind === "kunit" ? buildOfKunit(name) : buildOfModule(name)),
  ];
  return [
    "// SPDX-License-Identifier: GPL-2.0-only",
    ...commentOf(comment),
    ...[...HEADERS, ...(kind === "kunit" ? ["kunit/test.h"] : [])].map((header) => `#include <${header}>`),
    "",
    ...(kind === "kunit" ? EXPECT_OF_KUNIT : EXPECT_OF_MODULE),
    "",
    `#define STEPS ${calls.steps}`,
    "#define BLOCK_PAGES 1024	/* VMAP_BBMAP_BITS of that kernel; 1024 on 64 bits */",
    runtime,
    ...calls.code,
    "",
    "static void reproduce(void)",
    "{",
    ...calls.cpus.flatMap((cpu) => [
      `	EXPECT(cpu_online(${cpu}), "CPU ${cpu} has to be online\\n");`,
      `	if (!cpu_online(${cpu}))`,
      "		return;",
    ]),
    "	run();",
    "	clean_up();",
    "}",
    "",
    ...(kind === "kunit" ? endOfKunit(name) : endOfModule(name)),
    "",
  ].join("\n");
}

/** A block comment: nothing in a line ends it, or begins another. */
function commentOf(lines: readonly string[]): string[] {
  const safe = lines.map((line) => line.replaceAll("*/", "* /").replaceAll("/*", "/ *"));
  return ["/*", ...safe.map((line) => ` * ${line}`.trimEnd()), " */"];
}

function listed(head: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : ["", head, ...items.map((item) => `- ${item}`)];
}

const HEADERS = [
  "linux/completion.h",
  "linux/cpumask.h",
  "linux/gfp.h",
  "linux/kernel.h",
  "linux/jiffies.h",
  "linux/kthread.h",
  "linux/mm.h",
  "linux/module.h",
  "linux/sched.h",
  "linux/slab.h",
  "linux/uaccess.h",
  "linux/version.h",
  "linux/vmalloc.h",
  "linux/workqueue.h",
];

const EXPECT_OF_KUNIT = [
  "static struct kunit *test;",
  "#define EXPECT(condition, ...) KUNIT_EXPECT_TRUE_MSG(test, condition, __VA_ARGS__)",
];
const EXPECT_OF_MODULE = [
  "static atomic_t failed;",
  "#define EXPECT(condition, ...) do { \\",
  "	if (!(condition)) { \\",
  "		atomic_inc(&failed); \\",
  '		pr_err("vmapcheck: NOT SO: " __VA_ARGS__); \\',
  "	} \\",
  "} while (0)",
];

function buildOfKunit(name: string): string[] {
  return [
    "To build it: copy it into mm/ of a kernel tree, and add",
    `to mm/Makefile:  obj-$(CONFIG_VMAPCHECK_REPRODUCER) += ${name}.o`,
    "to mm/Kconfig:   config VMAPCHECK_REPRODUCER",
    '                         tristate "a run that vmapcheck found"',
    "                         depends on KUNIT && MMU",
    "To run it: tools/testing/kunit/kunit.py run --arch=x86_64 --qemu_args='-smp 2'",
    "  --kconfig_add CONFIG_SMP=y --kconfig_add CONFIG_VMAPCHECK_REPRODUCER=y",
  ];
}

function buildOfModule(name: string): string[] {
  return [
    "To build it: a Makefile beside it with the line",
    `  obj-m := ${name}.o`,
    "and then",
    "  make -C /lib/modules/$(uname -r)/build M=$PWD modules",
    `To run it: insmod ${name}.ko; dmesg. It never stays loaded.`,
  ];
}

function endOfKunit(name: string): string[] {
  return [
    "static void reproduce_case(struct kunit *now)",
    "{",
    "	test = now;",
    "	reproduce();",
    "}",
    "",
    "static struct kunit_case cases[] = { KUNIT_CASE(reproduce_case), { } };",
    `static struct kunit_suite suite = { .name = "${name}", .test_cases = cases };`,
    "kunit_test_suite(suite);",
    'MODULE_LICENSE("GPL");',
  ];
}

function endOfModule(name: string): string[] {
  return [
    `static int __init ${name}_init(void)`,
    "{",
    "	reproduce();",
    '	pr_info("vmapcheck: %d of what was expected was not so\\n", atomic_read(&failed));',
    "	return -EAGAIN;",
    "}",
    `module_init(${name}_init);`,
    'MODULE_LICENSE("GPL");',
  ];
}

/** One call, or why there is none. */
type Statement = { readonly code: string; readonly lack?: string } | { readonly lack: string };

function callsOf({ history: { scope, commands }, last }: ReplayedHistory<VmapTerms>): Calls {
  const steps = commands.slice(0, last + 1);
  const lacks = new Set(scopeLacks(scope));
  const lines = steps.flatMap((step, index) => {
    const statement = statementOf(steps, index, scope);
    if (statement.lack !== undefined) lacks.add(statement.lack);
    const what = `	/* ${index + 1}. ${step.op} */`;
    return [what, "code" in statement ? `	${statement.code}` : "	/* no exported function */"];
  });
  const mapping = new Set(
    steps.flatMap((step) => (step.op === "mapRam" && fitsBlock(scope, step.count) ? [step.cpu] : [])),
  );
  const begin = [...mapping].map((cpu) => `	begin_block(${cpu}, ${scaled(scope.blockPages, scope)});`);
  if (begin.length > 0)
    lacks.add("only the first block of a CPU is as small as that of the run: others have BLOCK_PAGES pages");
  return {
    steps: steps.length,
    code: ["static void run(void)", "{", ...begin, ...lines, "}"],
    cpus: [...new Set(steps.flatMap((step) => cpuOf(step)))].sort((a, b) => a - b),
    lacks: [...lacks],
    delays: [],
  };
}

function cpuOf(step: HistoryStep): readonly number[] {
  if (!("cpu" in step) && step.op !== "alloc" && step.op !== "vmap") return [];
  return ["cpu" in step ? (step.cpu ?? 0) : 0];
}

function scopeLacks(scope: Scope): readonly string[] {
  return [
    ...(scope.beforeInit ? ["vmalloc_init was called long before a module is"] : []),
    ...(Array.from({ length: scope.cpus }, (_none, cpu) => isPossible(scope, cpu)).includes(false)
      ? ["the kernel has to be booted on a machine in whose cpu_possible_mask CPUs are missing"]
      : []),
  ];
}

/** Pages of a map, on a kernel whose blocks hold maps of up to BITS_PER_LONG pages. */
function scaled(count: Pages, { bitsPerLong }: Scope): string {
  return bitsPerLong === 64 || count === 0 ? `${count}` : `${count} * BITS_PER_LONG / ${bitsPerLong}`;
}

const PLACED = "window and alignment of an area: vmap places it where the whole vmalloc space has room first";
const ADDRESS = "an address that no step got: that of the run means nothing on a real machine";

function statementOf(commands: readonly HistoryStep[], index: number, scope: Scope): Statement {
  const step = commands[index] as HistoryStep;
  const number = index + 1;
  switch (step.op) {
    case "mapRam":
      return { code: `map_ram(${number}, ${step.cpu}, ${scaled(step.count, scope)});` };
    case "unmapRam": {
      if (!("area" in step)) return { lack: ADDRESS };
      if (step.offset === undefined && step.count === undefined)
        return { code: `unmap_ram(${step.area + 1}, ${step.cpu});` };
      const count = step.count === undefined ? `got[${step.area + 1}].count` : scaled(step.count, scope);
      return { code: `unmap_part(${step.area + 1}, ${scaled(step.offset ?? 0, scope)}, ${count});` };
    }
    case "touch": {
      const page = commands[step.area]?.op === "mapRam" ? scaled(step.page, scope) : `${step.page}`;
      return { code: `touch(${step.area + 1}, ${step.cpu}, ${page}, ${step.write === true});` };
    }
    case "vmap":
      return areaOf(number, 0, step.count, step.noGuard === true ? "VM_NO_GUARD" : "0");
    case "alloc": {
      // vmap adds a page behind what it maps.
      const pages = step.size === 0 ? 0 : Math.max(1, step.size - 1);
      const area = areaOf(number, step.cpu ?? 0, pages, "0");
      return { ...area, lack: area.lack ?? placeLack(step) };
    }
    case "free":
      if (!("area" in step)) return { lack: ADDRESS };
      return { code: `free_area(${step.area + 1}, ${step.offset ?? 0});` };
    case "unmapAliases":
      return { code: "unmap_aliases();" };
    case "purge":
      return {
        code: "unmap_aliases();",
        lack: "a purge alone: vm_unmap_aliases purges, and looks at blocks as well",
      };
    case "pin":
      return {
        code: "unmap_aliases();",
        lack: "a page that becomes a page table: vm_unmap_aliases is all that is called of it",
      };
    case "unpin":
      return { lack: "a page that is a page table no longer" };
    case "tlb":
      return { lack: "a look at TLBs: pages are read in its place, after vm_unmap_aliases" };
    case "find":
      return { lack: "find_vmap_area" };
    case "pcpuGet":
    case "pcpuFree":
      return { lack: "pcpu_get_vm_areas and pcpu_free_vm_areas, which only the percpu allocator calls" };
    case "init":
      return { lack: "vmalloc_init" };
  }
}

function areaOf(number: number, cpu: number, pages: Pages, flags: string): Statement {
  if (pages > MOST_PAGES) return { lack: `an area of more than ${MOST_PAGES} pages` };
  return { code: `map_area(${number}, ${cpu}, ${pages}, ${flags});` };
}

function placeLack({ size, noblock }: HistoryStep & { readonly op: "alloc" }): string {
  if (size === 1) return "an area of one page: vmap adds a guard page, so that it takes two";
  return noblock === true ? "a caller of alloc_vmap_area that cannot wait" : PLACED;
}
