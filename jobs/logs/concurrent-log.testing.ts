/**
 * The log of an allocator that is correct, used by tasks of several CPUs: each call is a row of steps, any task takes the
 * next step, and prints when the kernel would. So windows overlap, frees are printed late, times are equal.
 */
import type { Defect, Setting } from "./concurrent-setting.testing.ts";
import { Draw } from "./planted-faults.testing.ts";

interface Area {
  readonly start: number;
  readonly end: number;
  readonly node: number;
  life: "busy" | "lazy" | "pooled";
}

interface Printed {
  readonly time: number;
  readonly cpu: number;
  readonly task: number;
  readonly text: string;
}

type Steps = Generator<void, void, undefined>;

const BASE = 0xffffd58480000000n;
const hex = (page: number) => `0x${(BASE + BigInt(page) * 4096n).toString(16)}`;
const pagesOf = ({ start, end }: Area) => end - start;
const LAZY_MOST = 24;

export class ConcurrentLog {
  readonly #setting: Setting;
  readonly #draw: Draw;
  readonly #areas: Area[] = [];
  readonly #held: Area[] = [];
  readonly #lists: Area[][];
  readonly #lines: Printed[] = [];
  #lazyPages = 0;
  #time = 1;
  #isPurging = false;
  #calls = 0;
  /** Whether the defect has shown itself. */
  isDefective = false;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#draw = new Draw(setting.seed);
    this.#lists = Array.from({ length: setting.nodes }, () => []);
  }

  /** Its text. */
  run(): string {
    const { cpus, calls } = this.#setting;
    const tasks = Array.from({ length: 2 * cpus }, (_none, nth) => new Task(100 + nth, nth % cpus));
    for (;;) {
      const task = this.#draw.of(tasks);
      this.#time += this.#draw.below(2);
      if (task.wait > 0) {
        task.wait -= 1;
        continue;
      }
      if (this.#draw.below(20) === 0) task.wait = this.#draw.below(40);
      if (this.#draw.below(30) === 0) task.cpu = this.#draw.below(cpus);
      if (task.steps?.next().done === false) continue;
      task.steps = this.#calls < calls ? this.#call(task) : undefined;
      this.#calls += 1;
      if (tasks.every(({ steps }) => steps === undefined)) break;
    }
    return `${this.#lost(this.#shuffled()).join("\n")}\n`;
  }

  /** What /proc/vmallocinfo has at the end. */
  reading(): string {
    const lines = this.#areas
      .filter(({ life }) => life !== "pooled")
      .map((area) => {
        const use = area.life === "lazy" ? "unpurged vm_area" : "caller+0x1/0x2 vmalloc";
        return `${hex(area.start)}-${hex(area.end)} ${pagesOf(area) * 4096} ${use}\n`;
      });
    return `==== end\n${lines.join("")}`;
  }

  #call(task: Task): Steps {
    const dice = this.#draw.below(40);
    if (dice === 0) return this.#purge(task);
    if (dice === 1) return this.#flushOther(task);
    if (this.#held.length === 0 || dice % 2 === 1) return this.#allocate(task);
    const [area] = this.#held.splice(this.#draw.below(this.#held.length), 1) as [Area];
    return this.#free(task, area);
  }

  *#allocate(task: Task): Steps {
    const { pages, nodes } = this.#setting;
    const size = 1 + this.#draw.below(6);
    const request = `align=1 vstart=${hex(0)} vend=${hex(pages)}`;
    const size16 = `0x${(size * 4096).toString(16)}`;
    yield* this.#print(
      task,
      `k_alloc: (alloc_vmap_area+0x0/0xdc0) size=${size16} align=0x1 vstart=${hex(0)} vend=${hex(pages)}`,
    );
    for (let attempt = 1; ; attempt++) {
      const area = this.#place(size, task.cpu % nodes);
      yield;
      const at = area?.start ?? pages;
      yield* this.#print(
        task,
        `alloc_vmap_area: va_start: ${BASE + BigInt(at) * 4096n} size=${size * 4096} ${request} failed=${area === undefined ? 1 : 0}`,
      );
      const returns = "k_alloc_ret: (__get_vm_area_node+0xcc/0x130 <- alloc_vmap_area)";
      if (area === undefined && attempt === 1) yield* this.#purge(task);
      else if (area === undefined) {
        yield* this.#print(task, `${returns} va=0xfffffffffffffff0 start=0x0 end=0x0`);
        return;
      } else {
        yield* this.#print(
          task,
          `${returns} va=0xffff8bb547d58048 start=${hex(area.start)} end=${hex(area.end)}`,
        );
        this.#held.push(area);
        return;
      }
    }
  }

  *#free(task: Task, area: Area): Steps {
    yield* this.#print(
      task,
      `k_free: (free_vmap_area_noflush+0x0/0x1b0) va=0xffff8bb547d58048 start=${hex(area.start)} end=${hex(area.end)}`,
    );
    if (!this.#errs("miscount")) this.#lazyPages += pagesOf(area);
    const lazy = this.#lazyPages;
    yield;
    area.life = "lazy";
    if (this.#errs("early reuse")) this.#release(area);
    else this.#lists[area.node]?.push(area);
    yield;
    yield* this.#print(
      task,
      `free_vmap_area_noflush: va_start=${hex(area.start)} nr_lazy=${BigInt.asUintN(64, BigInt(lazy))} nr_lazy_max=${LAZY_MOST}`,
    );
    if (lazy > LAZY_MOST) yield* this.#purge(task);
  }

  *#purge(task: Task): Steps {
    while (this.#isPurging) yield;
    this.#isPurging = true;
    const { nodes } = this.#setting;
    yield* this.#print(
      task,
      "k_purge: (__purge_vmap_area_lazy+0x0/0x320) start=0xffffffffffffffff end=0x0 full=0x0",
    );
    const taken: Area[] = [];
    for (const list of this.#lists) {
      taken.push(...list.splice(list.length > 1 && this.#errs("area left out") ? 1 : 0));
      yield;
    }
    const isEmpty = taken.length === 0;
    let [start, end] = [
      Math.min(...taken.map((each) => each.start)),
      Math.max(...taken.map((each) => each.end)),
    ];
    if (taken.length > 1 && this.#errs("short flush")) end = Math.max(...taken.map((each) => each.start));
    if (!isEmpty && !this.#errs("no flush"))
      yield* this.#print(
        task,
        `k_tlb: (flush_tlb_kernel_range+0x4/0xc0) start=${hex(start)} end=${hex(end)}`,
      );
    const count = nodes > 1 ? taken.length : runsIn(taken);
    for (const area of taken) {
      this.#lazyPages -= pagesOf(area);
      this.#release(area);
      if (this.#draw.below(2) === 0) yield;
    }
    for (const _node of isEmpty || nodes === 1 ? [] : this.#lists)
      yield* this.#print(task, "k_decay: (decay_va_pool_node+0x0/0x2a0)");
    const range = isEmpty ? "start=0xffffffffffffffff end=0x0" : `start=${hex(start)} end=${hex(end)}`;
    yield* this.#print(task, `purge_vmap_area_lazy: ${range} num_purged=${count}`);
    yield* this.#print(
      task,
      `k_purge_ret: (f+0x200/0x260 <- __purge_vmap_area_lazy) ret=0x${isEmpty ? 0 : 1}`,
    );
    this.#isPurging = false;
  }

  /** A flush that is none of a purge. */
  *#flushOther(task: Task): Steps {
    const start = this.#draw.below(50);
    yield* this.#print(
      task,
      `k_tlb: (flush_tlb_kernel_range+0x4/0xc0) start=${hex(start)} end=${hex(start + 4)}`,
    );
  }

  /** From the pool of the node, or in the lowest hole. */
  #place(size: number, node: number): Area | undefined {
    const pooled = this.#areas.find(
      (area) => area.life === "pooled" && area.node === node && pagesOf(area) === size,
    );
    if (pooled !== undefined) {
      this.#remove(pooled);
      return this.#insert(pooled.start, size, node);
    }
    const passes = this.#errs("hole passed over") ? 1 : 0;
    const overlapped =
      this.#areas.length > 2 && this.#errs("overlap") ? this.#draw.of(this.#held) : undefined;
    if (overlapped !== undefined) return this.#insert(overlapped.start, size, node);
    let from = passes;
    for (const area of this.#areas) {
      if (from + size <= area.start) break;
      from = Math.max(from, area.end + passes);
    }
    return from + size > this.#setting.pages ? undefined : this.#insert(from, size, node);
  }

  #insert(start: number, size: number, node: number): Area {
    const own = this.#setting.nodes > 1 ? node : 0;
    const area: Area = { start, end: start + size, node: own, life: "busy" };
    const place = this.#areas.findIndex((each) => each.start >= start);
    this.#areas.splice(place < 0 ? this.#areas.length : place, 0, area);
    return area;
  }

  #release(area: Area): void {
    if (this.#setting.nodes > 1 && this.#draw.below(3) > 0) area.life = "pooled";
    else this.#remove(area);
  }

  #remove(area: Area): void {
    this.#areas.splice(this.#areas.indexOf(area), 1);
  }

  /** Whether it does this wrong now: once, in the second half. */
  #errs(defect: Defect): boolean {
    const { calls, seed } = this.#setting;
    if (this.#setting.defect !== defect || this.isDefective) return false;
    if (this.#calls < calls / 2 + (seed % (calls / 4)) || this.#held.length < 3) return false;
    this.isDefective = true;
    return true;
  }

  /** The event, if the log has it. The time may be that of others too. */
  *#print(task: Task, body: string): Steps {
    const [event = ""] = body.split(":");
    if (this.#setting.has(event)) {
      const time = (this.#time / 1e6).toFixed(6).padStart(12);
      const text = `          task-${task.number}     [00${task.cpu}] ..... ${time}: ${body}`;
      this.#lines.push({ time: this.#time, cpu: task.cpu, task: task.number, text });
    }
    yield;
  }

  /** Of lines with one time those of different CPUs stand in any order. */
  #shuffled(): Printed[] {
    const lines = [...this.#lines];
    for (let round = 0; round < 3; round++)
      for (let at = 1; at < lines.length; at++) {
        const [one, other] = [lines[at - 1], lines[at]] as [Printed, Printed];
        const isFixed = one.time !== other.time || one.cpu === other.cpu || one.task === other.task;
        if (isFixed || this.#draw.below(2) === 0) continue;
        [lines[at - 1], lines[at]] = [other, one];
      }
    return lines;
  }

  /** Some rows of events of one CPU are lost; it says so before its next. */
  #lost(lines: readonly Printed[]): string[] {
    const from = new Map<number, number>();
    const lost = new Map<number, number>();
    for (let loss = 0; loss < (this.#setting.losses ?? 0); loss++)
      from.set(this.#draw.below(lines.length), 1 + this.#draw.below(12));
    const left = new Map<number, number>();
    const text: string[] = [];
    for (const [at, line] of lines.entries()) {
      const { cpu } = line;
      if (from.has(at)) left.set(cpu, from.get(at) as number);
      const more = left.get(cpu) ?? 0;
      if (more > 0) {
        left.set(cpu, more - 1);
        lost.set(cpu, (lost.get(cpu) ?? 0) + 1);
        continue;
      }
      const missing = lost.get(cpu);
      if (missing !== undefined) text.push(`CPU:${cpu} [LOST ${missing} EVENTS]`);
      lost.delete(cpu);
      text.push(line.text);
    }
    for (const [cpu, missing] of lost) text.push(`CPU:${cpu} [LOST ${missing} EVENTS]`);
    return text;
  }
}

class Task {
  readonly number: number;
  cpu: number;
  steps: Steps | undefined;
  /** Turns that it passes. */
  wait = 0;

  constructor(number: number, cpu: number) {
    this.number = number;
    this.cpu = cpu;
  }
}

/** Lazy areas that touch are merged. */
function runsIn(areas: readonly Area[]): number {
  const sorted = areas.toSorted((a, b) => a.start - b.start);
  return sorted.filter(({ start }, at) => sorted[at - 1]?.end !== start).length;
}
