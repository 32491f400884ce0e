/** An interleaving as C: a thread for each CPU makes its calls in turn, and the comment says where the kernel must be delayed. */
import type { StepAction } from "../../protocols/program.ts";
import { IDLE } from "../../protocols/program.ts";
import type { ReplayedRun } from "../replay-run.ts";

/** What is done in place of a run, as C, and what of it no exported function does. */
export interface Calls {
  /** Steps that get something, at most. */
  readonly steps: number;
  /** Functions, the last of which is `static void run(void)`. */
  readonly code: readonly string[];
  /** CPUs that must be online. */
  readonly cpus: readonly number[];
  /** Each once. */
  readonly lacks: readonly string[];
  /** Lines for the comment in front, of an interleaving: where the kernel must be delayed. */
  readonly delays: readonly string[];
}

/** What one CPU does from idle to idle: indices of its first and last step; it has not returned where `last` is undefined. */
interface Call {
  readonly number: number;
  readonly cpu: number;
  readonly first: number;
  readonly says: string;
  last: number | undefined;
  /** Its steps. */
  readonly steps: number[];
}

/** By what a call's first step says: the exported function that is called. `gets` and `takes`: a mapping. */
const EXPORTED: readonly {
  readonly says: RegExp;
  readonly does: "map" | "area" | "unmap" | "free" | "aliases" | "touch" | "none";
  readonly lack?: string;
}[] = [
  { says: /^vm_map_ram/, does: "map" },
  { says: /^vm_unmap_ram/, does: "unmap" },
  { says: /^vm_unmap_aliases/, does: "aliases" },
  {
    says: /^alloc_vmap_area/,
    does: "area",
    lack: "alloc_vmap_area alone, and room for as few areas as in the run: vmap is called",
  },
  { says: /^maps frame/, does: "area" },
  { says: /^vunmap of/, does: "free" },
  { says: /^ioremap maps/, does: "area", lack: "ioremap of a device: vmap is called" },
  { says: /^iounmap of/, does: "free" },
  { says: /^vmalloc of/, does: "area", lack: "vmalloc with VM_FLUSH_RESET_PERMS: vmap is called" },
  { says: /^vfree of/, does: "free" },
  { says: /^(caches page|touches address)/, does: "touch" },
  {
    says: /^(a purge begins|drain_vmap_area_work)/,
    does: "aliases",
    lack: "a purge alone: vm_unmap_aliases is called",
  },
  {
    says: /^(takes frame|the stock is empty)/,
    does: "aliases",
    lack: "a page that becomes a page table: vm_unmap_aliases is called",
  },
  { says: /^set_iounmap_nonlazy/, does: "none", lack: "set_iounmap_nonlazy" },
];

export function threadsOf({ machine, run, loopAt }: ReplayedRun): Calls {
  const actions = run.map((index) => machine.actions[index] as StepAction);
  const calls = callsIn(actions);
  const lacks = new Set<string>();
  const isMapping = calls.some(({ says }) => says.startsWith("vm_map_ram"));
  if (loopAt < run.length) lacks.add("a run that never ends: its loop is taken once");
  if (isMapping)
    lacks.add(
      "blocks of two pages: each page is BITS_PER_LONG pages, and the rest of the first block is used up before",
    );
  const code = calls.map((call) => statementOf(call, calls, actions, lacks));
  const cpus = [...new Set(calls.map(({ cpu }) => cpu))].sort((a, b) => a - b);
  const homes = [
    ...new Set(
      calls.filter(({ says }) => says.startsWith("vm_map_ram")).map((call) => homeOf(call, calls, actions)),
    ),
  ];
  return {
    steps: calls.length,
    cpus,
    lacks: [...lacks],
    delays: calls.flatMap((call) => delaysIn(call, actions).map((delay) => delayText(delay, actions))),
    code: [
      "static struct completion began[STEPS + 1], ended[STEPS + 1];",
      "static unsigned long began_at[STEPS + 1];",
      "",
      "static void wait_for(struct completion *done, unsigned int call)",
      "{",
      '	EXPECT(wait_for_completion_timeout(done, SECONDS * HZ), "call %u is late\\n", call);',
      "}",
      "",
      "static void begin(unsigned int call)",
      "{",
      "	began_at[call] = jiffies;",
      "	complete_all(&began[call]);",
      "}",
      "",
      "/* Waits until a delayed call has had this many delays of a second, and half of the next. */",
      "static void __maybe_unused after_delays(unsigned int call, unsigned int delays)",
      "{",
      "	unsigned long until;",
      "",
      "	wait_for(&began[call], call);",
      "	until = began_at[call] + delays * HZ + HZ / 2;",
      "	if (time_before(jiffies, until))",
      "		schedule_timeout_uninterruptible(until - jiffies);",
      "}",
      ...cpus.flatMap((cpu) => threadOf(cpu, calls, code, actions)),
      "",
      ...runOf(cpus, calls.length, homes),
    ],
  };
}

/** A first step that only begins: nothing is done before the second. */
const BEGINS = /^(vm_map_ram|vm_unmap_aliases|alloc_vmap_area|a purge begins|drain_vmap_area_work)$/;

function callsIn(actions: readonly StepAction[]): readonly Call[] {
  const calls: Call[] = [];
  const open = new Map<number, Call>();
  for (const [index, { cpu, says, at, to }] of actions.entries()) {
    const now = open.get(cpu);
    // Of hardware a module can only read a page.
    if (at === undefined) {
      if (now === undefined && /^caches page/.test(says))
        calls.push({ number: calls.length + 1, cpu, first: index, says, last: index, steps: [index] });
      continue;
    }
    const call = now ?? { number: calls.length + 1, cpu, first: index, says, last: undefined, steps: [] };
    if (now === undefined) calls.push(call);
    if (now !== undefined || !BEGINS.test(says)) call.steps.push(index);
    if (to === IDLE) call.last = index;
    if (to === IDLE) open.delete(cpu);
    else open.set(cpu, call);
  }
  return calls
    .filter(({ steps }) => steps.length > 0)
    .map((call) => ({ ...call, first: call.steps[0] as number }))
    .sort((a, b) => a.first - b.first)
    .map((call, nth) => ({ ...call, number: nth + 1 }));
}

/** The CPU on which a map is made: that of the block it takes its page from. */
function homeOf(call: Call, calls: readonly Call[], actions: readonly StepAction[]): number {
  const makes = ({ steps }: Call) =>
    steps.some((step) => /new_vmap_block/.test(actions[step]?.at + (actions[step]?.says ?? "")));
  const takes = call.steps.at(-1) ?? call.first;
  if (makes(call)) return call.cpu;
  return calls.findLast((each) => each.first < takes && makes(each))?.cpu ?? call.cpu;
}

/** The call that got what this one frees: by the page or area that both name, or the latest of that CPU, or of any. */
function takenBy(call: Call, calls: readonly Call[], actions: readonly StepAction[]): Call | undefined {
  const before = calls.filter(({ number }) => number < call.number);
  const getting = before.filter((each) => ["map", "area"].includes(doneBy(each)?.does ?? ""));
  const freed = new Set(
    before.flatMap((each) =>
      ["unmap", "free"].includes(doneBy(each)?.does ?? "") ? [takenBy(each, calls, actions)?.number] : [],
    ),
  );
  const held = getting.filter(
    ({ number, last }) => !freed.has(number) && last !== undefined && last < call.first,
  );
  const page = /\b(?:page|address) (\d+)/.exec(call.says)?.[1];
  const named = (each: Call) =>
    page !== undefined &&
    each.steps.some((step) => new RegExp(`\\b(page|address) ${page}\\b`).test(actions[step]?.says ?? ""));
  return held.findLast(named) ?? held.findLast(({ cpu }) => cpu === call.cpu) ?? held.at(-1);
}

const doneBy = ({ says }: Call) => EXPORTED.find((each) => each.says.test(says));

function statementOf(
  call: Call,
  calls: readonly Call[],
  actions: readonly StepAction[],
  lacks: Set<string>,
): string {
  const { number, cpu, says } = call;
  const exported = doneBy(call);
  const lack = exported === undefined ? says : exported.lack;
  if (lack !== undefined) lacks.add(lack);
  const taken = () => takenBy(call, calls, actions)?.number ?? 0;
  switch (exported?.does) {
    case "map":
      return `map_ram(${number}, ${homeOf(call, calls, actions)}, BITS_PER_LONG);`;
    case "area":
      return `map_area(${number}, ${cpu}, 1, 0);`;
    case "unmap":
      return `unmap_ram(${taken()}, ${cpu});`;
    case "free":
      return `free_area(${taken()}, 0);`;
    case "touch":
      return `touch(${taken()}, ${cpu}, 0, false);`;
    case "aliases":
      return "unmap_aliases();";
    default:
      return "/* no exported function */";
  }
}

/** A CPU's calls, each after those that have returned before it, and a while after those that are delayed then. */
function threadOf(
  cpu: number,
  calls: readonly Call[],
  code: readonly string[],
  actions: readonly StepAction[],
): string[] {
  const own = calls.flatMap((call, nth) =>
    call.cpu === cpu ? [{ call, statement: code[nth] as string }] : [],
  );
  const lines = own.flatMap(({ call, statement }) => {
    const others = calls.filter((each) => each.cpu !== cpu && each.first < call.first);
    const back = others.filter(({ last }) => last !== undefined && last < call.first);
    const delayed = others.filter(({ last }) => last === undefined || last > call.first);
    const latest = [...new Set(back.map((each) => each.cpu))].map(
      (other) => back.findLast((each) => each.cpu === other) as Call,
    );
    return [
      `	/* ${call.number}. ${sayable(call.says)} */`,
      ...latest.map(({ number }) => `	wait_for(&ended[${number}], ${number});`),
      ...delayed.map((each) => {
        const passed = delaysIn(each, actions).filter(({ until }) => until < call.first).length;
        return `	after_delays(${each.number}, ${passed});`;
      }),
      `	begin(${call.number});`,
      `	${statement}`,
      `	complete_all(&ended[${call.number}]);`,
    ];
  });
  return ["", `static int cpu_${cpu}(void *unused)`, "{", ...lines, "	return 0;", "}"];
}

const sayable = (text: string) => text.replaceAll("*/", "* /");

function runOf(cpus: readonly number[], calls: number, homes: readonly number[]): string[] {
  return [
    "static void run(void)",
    "{",
    `	static int (*const threads[])(void *) = { ${cpus.map((cpu) => `cpu_${cpu}`).join(", ")} };`,
    `	static const int cpus[] = { ${cpus.join(", ")} };`,
    "	struct task_struct *tasks[ARRAY_SIZE(threads)];",
    "	unsigned int nth;",
    "",
    ...homes.map((home) => `	begin_block(${home}, 2 * BITS_PER_LONG);`),
    `	for (nth = 1; nth <= ${calls}; nth++) {`,
    "		init_completion(&began[nth]);",
    "		init_completion(&ended[nth]);",
    "	}",
    "	for (nth = 0; nth < ARRAY_SIZE(threads); nth++) {",
    '		tasks[nth] = kthread_create(threads[nth], NULL, "vmapcheck/%d", cpus[nth]);',
    '		EXPECT(!IS_ERR(tasks[nth]), "no thread for CPU %d\\n", cpus[nth]);',
    "		if (IS_ERR(tasks[nth]))",
    "			continue;",
    "		get_task_struct(tasks[nth]);",
    "		kthread_bind(tasks[nth], cpus[nth]);",
    "		wake_up_process(tasks[nth]);",
    "	}",
    `	for (nth = 1; nth <= ${calls}; nth++)`,
    "		wait_for(&ended[nth], nth);",
    "	for (nth = 0; nth < ARRAY_SIZE(threads); nth++)",
    "		if (!IS_ERR(tasks[nth])) {",
    "			kthread_stop(tasks[nth]);",
    "			put_task_struct(tasks[nth]);",
    "		}",
    "}",
  ];
}

/** Where a CPU is inside a call while another takes steps: its last step before, and the last of the other's. */
interface Delay {
  readonly cpu: number;
  readonly behind: number;
  readonly until: number;
}

function delaysIn({ cpu, steps, last }: Call, actions: readonly StepAction[]): readonly Delay[] {
  return steps.flatMap((behind, nth) => {
    const next = steps[nth + 1] ?? (last === undefined ? actions.length : behind + 1);
    const others = actions.slice(behind + 1, next);
    const until = others.findLastIndex((each) => each.cpu !== cpu && each.at !== undefined);
    return until < 0 ? [] : [{ cpu, behind, until: behind + 1 + until }];
  });
}

function delayText({ cpu, behind, until }: Delay, actions: readonly StepAction[]): string {
  const [stands, other] = [actions[behind], actions[until]];
  const place = `CPU ${cpu}, behind step ${behind + 1} (${placeOf(stands)}) and before ${stands?.to}`;
  return `${place}: msleep(1000), or wait until CPU ${other?.cpu} has taken step ${until + 1} (${placeOf(other)})`;
}

const placeOf = (action: StepAction | undefined) =>
  action === undefined || action.at === IDLE ? (action?.says ?? "") : `${action.at}: ${action.says}`;
