/**
 * A small allocator as a WebAssembly module, assembled from text: what a compiled tree exports, without a compiler. It
 * gives out pages from the bottom up and takes none back.
 */
import wabt from "wabt";
import type { Built } from "./build.ts";
import { WASM } from "./wasm-api.ts";
import { EVENTS, IO, KINDS, OPS } from "./webassembly.ts";

/** Bytes: where the allocator's one number lies, and the same as it was when it was made the base. */
const NEXT = 64;
const NEXT_AT_BASE = 72;
const IO_AT = 1024;
const BUFFER = 0x60000;
const MEMORY_PAGES = 8;
const BUG = "BUG: purge of a bump allocator";
/** Two areas, whatever was asked for, of which the first is lazy. */
const DUMPED = [
  ...[EVENTS.area, 0x10000, 0x12000, 2],
  ...[EVENTS.area, 0x12000, 0x13000, 0],
  ...[EVENTS.lazy, 0x10000, 0x12000, 0],
];

const at = (word: number) => `(i32.const ${IO_AT + 4 * word})`;
const get = (word: number) => `(i32.load ${at(word)})`;
const set = (word: number, value: string) => `(i32.store ${at(word)} ${value})`;
const argument = (nth: number) => get(IO.args + nth);
const next = `(i32.load (i32.const ${NEXT}))`;
const setNext = (value: string) => `(i32.store (i32.const ${NEXT}) ${value})`;
const asked = (op: number, body: string) =>
  `(if (i32.eq (local.get $op) (i32.const ${op})) (then ${body} (return)))`;

const TEXT = `(module
  (import "env" "vfree_atomic" (func $absent))
  (memory (export "memory") ${MEMORY_PAGES})
  (data (i32.const ${IO_AT + 4 * IO.text + 256 - 64}) "${BUG}\\00")
  (func (export "drive_begin") (param i32) (result i32) (i32.const ${IO_AT}))
  (func (export "drive_machine") (param i32 i32 i32 i32 i32))
  (func (export "drive_set_end") (param i32) (result i32) (i32.const 0))
  (func (export "drive_block") (result i32) (i32.const 8))
  (func (export "drive_limit") (result i32) (i32.const 4))
  (func (export "drive_buffer") (result i32) (i32.const ${BUFFER}))
  (func (export "drive_dump")
    ${set(IO.count, `(i32.const ${DUMPED.length / 4})`)}
    ${DUMPED.map((word, nth) => set(IO.firstEvent + nth, `(i32.const ${word})`)).join("")})
  (func (export "drive_fingerprint")
    ${set(IO.args, next)}
    ${[1, 2, 3].map((nth) => set(IO.args + nth, "(i32.const 0)")).join("")})
  (func (export "drive_base") (i32.store (i32.const ${NEXT_AT_BASE}) ${next}))
  (func (export "drive_save") (result i32)
    (if (i32.eq ${next} (i32.load (i32.const ${NEXT_AT_BASE}))) (then (return (i32.const 0))))
    (i32.store (i32.const ${BUFFER}) ${next})
    (i32.const 4))
  (func (export "drive_restore") (param $bytes i32)
    ${setNext(`(select (i32.load (i32.const ${BUFFER})) (i32.load (i32.const ${NEXT_AT_BASE})) (local.get $bytes))`)})

  (func $alloc (local $from i32) (local $end i32)
    (local.set $from ${next})
    (if (i32.lt_u (local.get $from) ${argument(3)}) (then (local.set $from ${argument(3)})))
    (local.set $from (i32.and
      (i32.sub (i32.add (local.get $from) ${argument(2)}) (i32.const 1))
      (i32.sub (i32.const 0) ${argument(2)})))
    (local.set $end (i32.add (local.get $from) ${argument(1)}))
    (if (i32.or
          (i32.lt_u (local.get $end) (local.get $from))
          (i32.gt_u (i32.sub (local.get $end) (i32.const 1)) (i32.sub ${argument(4)} (i32.const 1))))
      (then ${set(IO.kind, `(i32.const ${KINDS.refused})`)} (return)))
    ${setNext("(local.get $end)")}
    ${set(IO.kind, `(i32.const ${KINDS.placed})`)}
    ${set(IO.value, "(local.get $from)")}
    (if ${argument(5)} (then
      ${set(IO.count, "(i32.const 1)")}
      ${set(IO.firstEvent, `(i32.const ${EVENTS.set})`)}
      ${set(IO.firstEvent + 1, "(local.get $from)")}
      ${set(IO.firstEvent + 2, argument(5))})))

  (func (export "drive_call") (param $op i32) (param $budget i32)
    ${set(IO.kind, `(i32.const ${KINDS.done})`)}
    ${[IO.value, IO.size, IO.count, IO.lost, IO.text].map((word) => set(word, "(i32.const 0)")).join("")}
    ${asked(OPS.alloc, "(call $alloc)")}
    ${asked(OPS.carve, setNext(argument(1)))}
    ${asked(OPS.vmap, "(drop (i32.load (i32.const -8)))")}
    ${asked(OPS.pcpuFree, set(IO.lost, "(i32.const 1)"))}
    ${asked(OPS.unmapRam, "(call $absent)")}
    ${asked(
      OPS.purge,
      `(memory.copy ${at(IO.text)} (i32.const ${IO_AT + 4 * IO.text + 256 - 64}) (i32.const 64)) (unreachable)`,
    )}
    ${asked(
      OPS.find,
      `(loop $again
        (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
        (br_if $again (i32.ge_s (local.get $budget) (i32.const 0))))
      ${set(IO.kind, "(i32.const -1)")} (unreachable)`,
    )}))`;

export async function bumpAllocator(): Promise<Built> {
  const { parseWat } = await wabt();
  const text = parseWat("bump-allocator.wat", TEXT, { bulk_memory: true });
  const { buffer } = text.toBinary({});
  text.destroy();
  return { module: new WASM.Module(buffer), facts: { holds: [], stubs: [] } };
}
