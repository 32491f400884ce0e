/**
 * A search saved in a file, to be continued: a line that names the kind of file, a line of JSON, the arrays of the
 * table as they lie in memory, and the SHA-256 of all that. It is written beside the file and then renamed to it, so at
 * any moment the file is one whole checkpoint, the older or the newer. Nothing is used of a file before its checksum
 * was verified, and no memory is allocated for it before its size was.
 */
import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { endianness } from "node:os";
import { dirname } from "node:path";
import { z } from "zod";
import { allocated } from "../out-of-memory.ts";
import { COMPACT_WORDS } from "./compact-table.ts";
import { signature } from "./search.ts";
import type { Findings, Saved, SavedTable, Visitable } from "./visitable.ts";

const MAGIC = "checkpoint of a breadth-first search\n";
/** Changes with the meaning of anything in the file. */
const FORMAT = 2;
const CHECKSUM = "sha256";
const CHECKSUM_BYTES = 32;
/** Bytes read or written at a time. */
const PIECE = 2 ** 24;
/** The longest header: it has a few bytes for each action and law. */
const MOST_HEADER = 2 ** 24;

/** The fault of a file, in a few words. */
export class CheckpointError extends Error {}

/** What a file has. */
export interface Checkpoint {
  /** What the owner needs to build the machine again. */
  readonly owner: unknown;
  /** As of `machineHash`, and as of `behaviourOf`. */
  readonly machine: string;
  readonly behaviour: string;
  readonly saved: Saved;
}

/** A machine, and what it does, as of `behaviourOf`. */
export interface Known {
  readonly machine: Visitable;
  readonly behaviour: string;
}

const count = z.int().nonnegative();
const first = z.strictObject({ from: z.int().min(-1), action: count, length: count });
const headerForm = z.strictObject({
  format: z.literal(FORMAT),
  byteOrder: z.literal(endianness()),
  owner: z.unknown(),
  machine: z.string(),
  behaviour: z.string(),
  /** Words kept of each state, states, and words of those kept whole beside their hashes; -1 if none are. */
  words: z.int().positive(),
  states: z.int().positive(),
  waiting: z.int().min(-1),
  levels: z.array(count).min(1),
  head: count,
  levelEnd: count,
  seconds: z.number().nonnegative(),
  witnesses: z.array(z.tuple([z.string(), count])),
  edges: count,
  deadlocks: count,
  fired: z.array(count),
  broken: z.array(count),
  /** By law. */
  first: z.array(first.nullable()),
  /** By law: each action that violates it, and in how many steps. */
  shortest: z.array(z.array(z.tuple([count, count]))),
});
type Header = z.infer<typeof headerForm>;

/** The identity of a machine in a file. */
export function machineHash(machine: Visitable): string {
  return createHash(CHECKSUM).update(signature(machine)).digest("hex");
}

/** The file that a checkpoint is written to before it is put in its place. */
export const besideCheckpoint = (path: string): string => `${path}.part`;

/** Puts a search into a file, whole or not at all. Throws what the file system says. */
export function writeCheckpoint(path: string, known: Known, owner: unknown, saved: Saved): void {
  const beside = besideCheckpoint(path);
  try {
    writeWhole(beside, headerOf(known, owner, saved), saved.table);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * Reads a search from a file. Throws a CheckpointError if the file is no checkpoint, damaged, or of another version,
 * and OutOfMemory if there is no memory for it.
 */
export function readCheckpoint(path: string): Checkpoint {
  const file = opened(path);
  try {
    const { size } = fstatSync(file);
    const { header, length } = readHeader(file, size);
    const expected = length + bytesOf(header) + CHECKSUM_BYTES;
    if (size !== expected) {
      throw new CheckpointError(`damaged: it has ${size} bytes, and by its header ${expected}`);
    }
    const table = emptyTable(header);
    const hash = createHash(CHECKSUM);
    let at = 0;
    for (const bytes of [new Uint8Array(length), ...arraysOf(table)]) {
      readHashed(file, hash, bytes, at);
      at += bytes.length;
    }
    const checksum = Buffer.alloc(CHECKSUM_BYTES);
    readAll(file, checksum, at);
    if (!hash.digest().equals(checksum)) throw new CheckpointError("damaged: its checksum is wrong");
    const { owner, machine, behaviour } = header;
    return { owner, machine, behaviour, saved: savedOf(header, table) };
  } finally {
    closeSync(file);
  }
}

/** Throws a CheckpointError where what was saved is not of this machine. */
export function refuseOther(checkpoint: Checkpoint, { machine, behaviour }: Known): void {
  const { saved } = checkpoint;
  if (checkpoint.machine !== machineHash(machine)) {
    throw new CheckpointError("its machine has other actions, laws or states than this version's");
  }
  if (checkpoint.behaviour !== behaviour) {
    throw new CheckpointError("its machine does otherwise than this version's");
  }
  if (!isLevels(saved) || !isTable(saved, machine) || !isFindings(saved, machine)) {
    throw new CheckpointError("what it says cannot be of this machine");
  }
}

function isLevels({ levels, head, levelEnd, table }: Saved): boolean {
  const before = levels.slice(0, -1).reduce((sum, states) => sum + states, 0);
  const all = before + (levels.at(-1) as number);
  return all === levelEnd && before <= head && head <= levelEnd && levelEnd <= table.parents.length;
}

function isTable({ table, head }: Saved, { words, actions: { length } }: Visitable): boolean {
  const { parents, actions, waiting } = table;
  if (table.words !== (waiting === undefined ? words : COMPACT_WORDS)) return false;
  if (waiting !== undefined) {
    const whole = waiting.length / words;
    if (!Number.isInteger(whole) || whole > parents.length || parents.length - whole > head) return false;
  }
  if (parents[0] !== -1) return false;
  for (let number = 1; number < parents.length; number++) {
    const parent = parents[number] as number;
    if (parent < 0 || parent >= number || (actions[number] as number) >= length) return false;
  }
  return true;
}

function isFindings({ findings, witnesses, head }: Saved, machine: Visitable): boolean {
  const { fired, first, shortest, violated } = findings;
  const { actions, laws } = machine;
  if (fired.length !== actions.length || first.length !== laws.length || shortest.length !== laws.length) {
    return false;
  }
  const known = machine.witnesses?.();
  if ([...witnesses.keys()].some((id) => !known?.has(id))) return false;
  // Each violated law is named once, and has a first violation.
  const where = first.filter((each) => each !== undefined);
  if (violated.length !== where.length || new Set(violated).size !== where.length) return false;
  if (violated.some((law) => first[law] === undefined)) return false;
  return where.every(({ from, action }) => from < head && action < actions.length);
}

function headerOf({ machine, behaviour }: Known, owner: unknown, saved: Saved): Header {
  const { table, findings, witnesses, levels, head, levelEnd, seconds } = saved;
  return {
    format: FORMAT,
    byteOrder: endianness(),
    owner,
    machine: machineHash(machine),
    behaviour,
    words: table.words,
    states: table.parents.length,
    waiting: table.waiting?.length ?? -1,
    levels: [...levels],
    head,
    levelEnd,
    seconds,
    witnesses: [...witnesses],
    edges: findings.edges,
    deadlocks: findings.deadlocks,
    fired: [...findings.fired],
    broken: [...findings.violated],
    first: findings.first.map((each) => each ?? null),
    shortest: findings.shortest.map((lengths) => [...lengths.entries()].filter(([, length]) => length > 0)),
  };
}

function savedOf(header: Header, table: SavedTable): Saved {
  const { levels, head, levelEnd, seconds, witnesses, edges, deadlocks, broken } = header;
  const findings: Findings = {
    edges,
    deadlocks,
    fired: Float64Array.from(header.fired),
    violated: broken,
    first: header.first.map((each) => each ?? undefined),
    shortest: header.shortest.map((some) => {
      const lengths = new Uint16Array(header.fired.length);
      for (const [action, length] of some) lengths[action] = length;
      return lengths;
    }),
  };
  return { levels, head, levelEnd, findings, seconds, witnesses: new Map(witnesses), table };
}

/** Bytes of the arrays of which a header speaks. */
function bytesOf({ words, states, waiting }: Header): number {
  return states * (words * 4 + 6) + Math.max(0, waiting) * 4;
}

function emptyTable({ words, states, waiting }: Header): SavedTable {
  return allocated(() => ({
    words,
    states: new Int32Array(states * words),
    parents: new Int32Array(states),
    actions: new Uint16Array(states),
    waiting: waiting < 0 ? undefined : new Int32Array(waiting),
  }));
}

/** The bytes of the arrays, in the order in which they lie in a file. */
function arraysOf({ states, parents, actions, waiting }: SavedTable): Uint8Array[] {
  return [states, parents, actions, ...(waiting === undefined ? [] : [waiting])].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
}

function writeWhole(path: string, header: Header, table: SavedTable): void {
  const file = openSync(path, "w");
  try {
    const hash = createHash(CHECKSUM);
    for (const bytes of [Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`), ...arraysOf(table)]) {
      writeHashed(file, hash, bytes);
    }
    writeAll(file, hash.digest());
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Checked before the file is opened: opening a pipe without a writer would block. */
function opened(path: string): number {
  try {
    if (statSync(path).isFile()) return openSync(path, "r");
  } catch (error) {
    throw new CheckpointError((error as Error).message);
  }
  throw new CheckpointError("it is no file");
}

function readHeader(file: number, size: number): { header: Header; length: number } {
  if (size === 0) throw new CheckpointError("it is empty");
  const bytes = Buffer.alloc(Math.min(size, MOST_HEADER));
  readAll(file, bytes, 0);
  if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new CheckpointError("it is no checkpoint: its first line is another");
  }
  const end = bytes.indexOf("\n", MAGIC.length);
  if (end < 0) throw new CheckpointError("damaged: its header has no end");
  return { header: parsed(bytes.toString("utf8", MAGIC.length, end)), length: end + 1 };
}

function parsed(line: string): Header {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new CheckpointError("damaged: its header is no JSON");
  }
  const { data } = z.object({ format: z.number() }).safeParse(json);
  if (data !== undefined && data.format !== FORMAT) {
    throw new CheckpointError(`it has format ${data.format}, and this version reads ${FORMAT}`);
  }
  const result = headerForm.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CheckpointError(`damaged: its header, at ${issue?.path.join(".")}: ${issue?.message}`);
}

/** Fills the bytes from the file, from this position on. */
function readAll(file: number, bytes: Uint8Array, from: number): void {
  for (let done = 0; done < bytes.length; ) {
    const some = readSync(file, bytes, done, bytes.length - done, from + done);
    if (some === 0) throw new CheckpointError("damaged: it ends early");
    done += some;
  }
}

function readHashed(file: number, hash: Hash, bytes: Uint8Array, from: number): void {
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    readAll(file, piece, from + at);
    hash.update(piece);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

function writeHashed(file: number, hash: Hash, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    hash.update(piece);
    writeAll(file, piece);
  }
}

/** So that the file's new name lasts as well, where folders can be synced. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, "r");
    fsyncSync(folder);
    closeSync(folder);
  } catch {
    // The file itself is whole.
  }
}
