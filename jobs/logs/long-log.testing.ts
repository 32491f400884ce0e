/** The log of a running kernel that nothing is violated in, as long as it is wanted. */
import { Draw } from "./planted-faults.testing.ts";

const LIVE = 2000;
/** lazy_max_pages() of one CPU. */
const MOST_LAZY = 8192;
const BASE = 0xffffd58480000000n;
const WINDOW = `vstart=0x${BASE.toString(16)} vend=0xfffff5847fffffff`;

/** Beyond what the clean log places. */
const FAR = 2 ** 20;
const hex = (page: number) => `0x${(BASE + BigInt(page) * 4096n).toString(16)}`;
const placing = (start: number, size: number) =>
  `alloc_vmap_area: va_start: ${BASE + BigInt(start) * 4096n} size=${size * 4096} align=1 ${WINDOW} failed=0`;

interface Placed {
  readonly start: number;
  readonly size: number;
}

/** Calls of four tasks one after another, on an allocator that bumps, and begins again in what a purge returned. */
export function* logLines(): Generator<string, never, undefined> {
  const draw = new Draw(1);
  const live: Placed[] = [];
  const free = new Map<number, number[]>();
  let lazy: Placed[] = [];
  let [time, top, lazyPages] = [0, 0, 0];
  const line = (task: number, body: string) => {
    time += 3;
    const text = `          task-${task}     [00${task % 4}] .....  ${(time / 1e6).toFixed(6).padStart(12)}: ${body}`;
    return text;
  };
  for (let task = 100; ; task = 100 + draw.below(4)) {
    if (live.length < LIVE || draw.below(2) === 0) {
      const size = 1 + draw.below(16);
      const start = free.get(size)?.pop() ?? top;
      if (start === top) top += size;
      yield line(
        task,
        `k_alloc: (alloc_vmap_area+0x0/0xdc0) size=0x${(size * 4096).toString(16)} align=0x1 ${WINDOW}`,
      );
      yield line(task, placing(start, size));
      yield line(
        task,
        `k_alloc_ret: (__get_vm_area_node+0xcc/0x130 <- alloc_vmap_area) va=0xffff8bb547d58048 start=${hex(start)} end=${hex(start + size)}`,
      );
      live.push({ start, size });
      continue;
    }
    const [one] = live.splice(draw.below(live.length), 1) as [Placed];
    lazy.push(one);
    lazyPages += one.size;
    yield line(
      task,
      `k_free: (free_vmap_area_noflush+0x0/0x1b0) va=0xffff8bb547d58048 start=${hex(one.start)} end=${hex(one.start + one.size)}`,
    );
    yield line(
      task,
      `free_vmap_area_noflush: va_start=${hex(one.start)} nr_lazy=${lazyPages} nr_lazy_max=${MOST_LAZY}`,
    );
    if (lazyPages <= MOST_LAZY) continue;
    const start = Math.min(...lazy.map((each) => each.start));
    const end = Math.max(...lazy.map((each) => each.start + each.size));
    yield line(task, "k_purge: (__purge_vmap_area_lazy+0x0/0x320) start=0xffffffffffffffff end=0x0 full=0x0");
    yield line(task, `k_tlb: (flush_tlb_kernel_range+0x4/0xc0) start=${hex(start)} end=${hex(end)}`);
    yield line(task, `purge_vmap_area_lazy: start=${hex(start)} end=${hex(end)} num_purged=${lazy.length}`);
    yield line(task, "k_purge_ret: (f+0x200/0x260 <- __purge_vmap_area_lazy) ret=0x1");
    for (const each of lazy) free.set(each.size, [...(free.get(each.size) ?? []), each.start]);
    [lazy, lazyPages] = [[], 0];
  }
}

/** A log of that many events, in which as many areas as this are placed over others, as far apart as can be. */
export function violatingLog(events: number, overlaps: number): string {
  const lines: string[] = [];
  let planted = 0;
  for (const line of logLines()) {
    if (lines.length >= events) break;
    lines.push(line);
    const isDue = lines.length > ((planted + 1) * events) / (overlaps + 1);
    if (planted === overlaps || !isDue || !line.includes("k_alloc_ret")) continue;
    planted += 1;
    const [head] = line.split(": k_alloc_ret");
    for (const start of [0, 2]) lines.push(`${head}: ${placing(FAR + 16 * planted + start, 4)}`);
  }
  return `${lines.slice(0, events).join("\n")}\n`;
}
