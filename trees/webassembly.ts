/**
 * A compiled tree inside this process: one instance of the module, on one scope. Its memory holds one state at a time;
 * every other is kept as its difference from the state after boot. The layout is that of shim/drive.h.
 */
import { InputError } from "../adapters/input-error.ts";
import { PAGE_SIZE } from "../spec/vmap/vocabulary.ts";
import type { Built } from "./build.ts";
import { WASM } from "./wasm-api.ts";

/** drive_op of drive.h. */
export const OPS = {
  init: 1,
  alloc: 2,
  free: 3,
  mapRam: 4,
  unmapRam: 5,
  vmap: 6,
  pcpuGet: 7,
  pcpuFree: 8,
  find: 9,
  purge: 10,
  unmapAliases: 11,
  carve: 12,
  vmalloc: 17,
} as const;

/** drive_kind. */
export const KINDS = { done: 1, placed: 2, refused: 3, found: 4, nothing: 5 } as const;

/** drive_event_kind. */
export const EVENTS = {
  set: 1,
  clear: 2,
  flush: 3,
  cache: 4,
  warn: 5,
  print: 6,
  absent: 7,
  stopped: 8,
  area: 9,
  freeExtent: 10,
  lazy: 11,
  pooled: 12,
  block: 13,
  blockRange: 14,
  listed: 15,
  sleeps: 16,
  asks: 17,
  locks: 18,
  queues: 19,
  leaves: 20,
} as const;

/** struct drive_io, in words of 32 bits. */
const KIND = 0;
const VALUE = 1;
const LAZY = 2;
const RCU = 4;
const WORK = 5;
const ALLOCATIONS = 6;
const LIVE = 7;
const SIZE = 8;
const COUNT = 9;
const LOST = 10;
const ARGS = 11;
const TEXT = ARGS + 96;
const TEXT_BYTES = 256;
const FIRST_EVENT = TEXT + TEXT_BYTES / 4;
const EVENT_WORDS = 4;
/** The same, for a module that is written by hand. */
export const IO = {
  ...{ kind: KIND, value: VALUE, size: SIZE, count: COUNT, lost: LOST },
  ...{ args: ARGS, text: TEXT, firstEvent: FIRST_EVENT },
} as const;
/** The kind of a call whose budget ran out. */
const ENDLESS = 0xffffffff;

/** The prefix of a stop that is not the allocator's own. */
const CRASH = "crash: ";

/** The most branches of one call: hundreds of times more than any call that returns takes. */
const BUDGET = 1 << 22;

/** Why a call stopped. */
export interface Stop {
  readonly kind: "bug" | "crash" | "endless";
  readonly text: string;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly __stack_pointer?: { value: number };
  drive_begin(arena: number): number;
  drive_machine(start: number, end: number, lazyMax: number, cpus: number, absent: number): void;
  drive_set_end(end: number): number;
  drive_fail(at: number): void;
  drive_watch(context: number): void;
  drive_call(op: number, budget: number): void;
  drive_dump(): void;
  drive_fingerprint(): void;
  drive_block(): number;
  drive_limit(): number;
  drive_base(): void;
  drive_buffer(): number;
  drive_save(): number;
  drive_restore(bytes: number): void;
}

/** The difference from the base, as drive_save wrote it. Never changed. */
export type Saved = Uint32Array;

export const BASE: Saved = new Uint32Array(0);

/** The machine of the scope, in bytes. */
export interface Boot {
  /** Undefined: the window lies behind everything else, as many bytes as `end` says, and has memory. */
  readonly start: number | undefined;
  readonly end: number;
  /** In pages; undefined for the allocator's own formula. */
  readonly lazyMax: number | undefined;
  readonly cpus: number;
  /** A bit for each CPU number that no CPU has. */
  readonly absent: number;
  /** Bytes of memory for descriptors. */
  readonly arena: number;
}

/** Pages of WebAssembly's memory; the first word of a page behind the window (shim/drive.h). */
const MEMORY_PAGE = 65_536;
const UNTOUCHED = 0xa5a5a5a5;
/** Bytes that a table of PTEs maps (DRIVE_PTES), and how many of them a window that has memory begins with. */
const TABLE = 64 * PAGE_SIZE;
const IN_FIRST_TABLE = 2 * PAGE_SIZE;

export class Instance {
  readonly #exports: Exports;
  /** Where the vmalloc window lies. */
  readonly start: number;
  readonly #end: number;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #io: number;
  readonly #buffer: number;
  readonly #stack: number;
  /** The undefined function that was called. */
  #missing: string | undefined;

  constructor({ module }: Built, boot: Boot) {
    const env: Record<string, () => never> = {};
    for (const { name } of WASM.Module.imports(module)) {
      env[name] = () => {
        this.#missing = name;
        throw new WASM.RuntimeError(name);
      };
    }
    this.#exports = new WASM.Instance(module, { env }).exports as unknown as Exports;
    const { memory, drive_begin, drive_machine, drive_buffer, __stack_pointer } = this.#exports;
    const io = drive_begin(boot.arena);
    if (io === 0) throw new InputError(`a tree needs ${boot.arena} bytes of memory, which are not there`);
    const room = Math.ceil((boot.end + TABLE) / MEMORY_PAGE);
    const behind = boot.start === undefined ? memory.grow(room) * MEMORY_PAGE : 0;
    this.start = boot.start ?? Math.ceil((behind + IN_FIRST_TABLE) / TABLE) * TABLE - IN_FIRST_TABLE;
    this.#end = boot.start === undefined ? this.start + boot.end : boot.end;
    this.#words = new Uint32Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#io = io / 4;
    this.#buffer = drive_buffer() / 4;
    this.#stack = __stack_pointer?.value ?? 0;
    drive_machine(this.start, this.#end, boot.lazyMax ?? -1, boot.cpus, boot.absent);
  }

  /** Arguments are numbers of bytes or counts; what is above 32 bits is dropped, as the word wraps. */
  argument(nth: number, value: number): void {
    this.#words[this.#io + ARGS + nth] = value;
  }

  /** VMALLOC_END from now on; whether that is a change. */
  setEnd(end: number): boolean {
    return this.#exports.drive_set_end(end) !== 0;
  }

  /** In the next question the allocation of memory of this number fails, counted from 1. */
  failAt(allocation: number): void {
    this.#exports.drive_fail(allocation);
  }

  /** In the next question the caller is in this context, and what it does there is noted. Of a window that has memory. */
  watch(context: number): void {
    for (let at = this.start; at < this.#end; at += PAGE_SIZE) this.#words[at / 4] = UNTOUCHED;
    this.#exports.drive_watch(context);
  }

  /** Makes a call, and returns why it stopped, if it did. */
  call(op: number): Stop | undefined {
    try {
      this.#exports.drive_call(op, BUDGET);
      return this.#words[this.#io + LOST] === 0 ? undefined : this.#refuse("it does more than can be noted");
    } catch (error) {
      return this.#stopped(error);
    }
  }

  #stopped(error: unknown): Stop {
    if (this.#exports.__stack_pointer !== undefined) this.#exports.__stack_pointer.value = this.#stack;
    const missing = this.#missing;
    this.#missing = undefined;
    if (missing !== undefined) return this.#refuse(`it calls ${missing}, which the shim does not supply`);
    if (!(error instanceof WASM.RuntimeError || error instanceof RangeError)) throw error;
    if (this.#words[this.#io + KIND] === ENDLESS)
      return { kind: "endless", text: `${BUDGET} branches, and no end` };
    const text = this.#text(this.#io * 4 + TEXT * 4);
    if (text.startsWith("the shim's ")) return this.#refuse(text);
    if (text === "") return { kind: "crash", text: error.message };
    return text.startsWith(CRASH) ? { kind: "crash", text: text.slice(CRASH.length) } : { kind: "bug", text };
  }

  #refuse(says: string): never {
    throw new InputError(`this tree cannot be asked that: ${says}`);
  }

  get kind(): number {
    return this.#words[this.#io + KIND] as number;
  }

  get value(): number {
    return this.#words[this.#io + VALUE] as number;
  }

  /** Bytes of the area that a free or an unmap took, which begins at `value`. */
  get size(): number {
    return this.#words[this.#io + SIZE] as number;
  }

  get lazy(): number {
    return (this.#words[this.#io + LAZY] as number) | 0;
  }

  get rcu(): number {
    return this.#words[this.#io + RCU] as number;
  }

  get work(): number {
    return this.#words[this.#io + WORK] as number;
  }

  /** Allocations of memory that the question asked for. */
  get allocations(): number {
    return this.#words[this.#io + ALLOCATIONS] as number;
  }

  /** Allocations that are alive. */
  get live(): number {
    return (this.#words[this.#io + LIVE] as number) | 0;
  }

  get events(): number {
    return this.#words[this.#io + COUNT] as number;
  }

  /** Of event number `nth`, its kind (field 0) or one of its three numbers. */
  event(nth: number, field: number): number {
    return this.#words[this.#io + FIRST_EVENT + nth * EVENT_WORDS + field] as number;
  }

  /** The string of a warning. */
  textAt(address: number): string {
    return this.#text(address);
  }

  #text(address: number): string {
    const end = this.#bytes.indexOf(0, address);
    return Buffer.from(this.#bytes.subarray(address, Math.min(end, address + TEXT_BYTES))).toString("latin1");
  }

  /** The allocator's structures as events, as far as they can be read. */
  dump(): void {
    try {
      this.#exports.drive_dump();
    } catch (error) {
      this.#stopped(error);
    }
    if (this.#words[this.#io + LOST] !== 0) this.#refuse("its state is larger than can be shown");
  }

  /**
   * 128 bits of what a later reply may depend on, passed word by word. If the allocator's lists are damaged, the whole
   * difference from the base is taken: that distinguishes more states than needed, and never fewer.
   */
  fingerprint(add: (word: number) => void): void {
    try {
      this.#exports.drive_fingerprint();
    } catch (error) {
      this.#stopped(error);
      for (const word of this.save()) add(word | 0);
      return;
    }
    const at = this.#io + ARGS;
    for (let word = 0; word < 4; word++) add((this.#words[at + word] as number) | 0);
  }

  get blockPages(): number {
    return this.#exports.drive_block();
  }

  get mapLimit(): number {
    return this.#exports.drive_limit();
  }

  /** Makes the present state the base of all others. */
  setBase(): void {
    this.#exports.drive_base();
  }

  save(): Saved {
    const words = this.#exports.drive_save() / 4;
    return words === 0 ? BASE : this.#words.slice(this.#buffer, this.#buffer + words);
  }

  restore(saved: Saved): void {
    this.#words.set(saved, this.#buffer);
    this.#exports.drive_restore(saved.length * 4);
  }
}
