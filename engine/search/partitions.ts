/**
 * A breadth-first search whose states lie in partitions, on one server or many: the hash of a state says in which. A
 * level takes two steps. Chunks of states are expanded, in any order, each once or more often; what they lead to is
 * sorted by partition, without what the expander found a short time ago. Then each partition takes what was found for
 * it, and numbers the states that it did not have: these are its part of the next level. Where the arrays are kept, and
 * who works when, is the owner's affair: this knows no network.
 */
import { allocated } from "../out-of-memory.ts";
import { type Batch, emptyBatch } from "./batch.ts";
import { emptyRecentCache, pick, pickPairs } from "./recent-cache.ts";
import { BATCH, batchFor, count, expand, noFindings, noteState } from "./search.ts";
import { StateTable } from "./state-table.ts";
import type { Findings, Reached, Visitable } from "./visitable.ts";

/** Words of recently found states: 8 MB. A state that is found again later costs some hundred nanoseconds. */
const RECENT_WORDS = 2 ** 21;
/**
 * The most states of a chunk. A row has 16 bits for its place there; a quarter of that is enough where states have few
 * transitions, and the rows found from a chunk stay small.
 */
export const MOST_CHUNK = 2 ** 14;
/** Rows put into a table at a time. */
const ADDED = 4096;
/** Numbers of states are of 32 bits, with a sign. */
const MOST_NUMBERS = 2 ** 31;
const NONE = new Int32Array(0);

/** More states than can be numbered, or than fit where they are kept. */
export class SearchTooLarge extends Error {}

/** The number of the state at this index of a partition. */
export const numberIn = (partitions: number, partition: number, index: number): number =>
  index * partitions + partition;

/** The partition of a state. Multiplied, so that the low bits, by which tables find slots, stay even. */
const partitionOf = (hashed: number, shift: number): number =>
  shift === 32 ? 0 : Math.imul(hashed, 0x9e3779b1) >>> shift;

/** States of one partition and one level that are expanded together. */
export interface Chunk {
  readonly partition: number;
  /** The index of the first there. */
  readonly from: number;
  readonly forms: Int32Array;
}

export interface Expansion {
  /** Of the transitions. */
  readonly findings: Findings;
  /** By partition: two words that say where the chunk lies, then a row for each state found; empty if none was. */
  readonly found: readonly Int32Array[];
}

/** Rows of one partition, as they are found. */
class Rows {
  words = NONE;
  length = 0;

  /** Makes room for as many words more. */
  reserve(more: number): void {
    if (this.length + more <= this.words.length) return;
    const length = Math.max(1024, 2 * this.words.length, this.length + more);
    const larger = allocated(() => new Int32Array(length));
    larger.set(this.words);
    this.words = larger;
  }
}

/** Expands chunks. It leaves out what it found before, so all that it returned is kept, or it is not used again. */
export class Expander {
  readonly #machine: Visitable;
  readonly #partitions: number;
  readonly #shift: number;
  readonly #batch: Batch;
  readonly #recent: Int32Array;
  readonly #unsure: Int32Array;
  readonly #hashes: Int32Array;
  readonly #rows: readonly Rows[];

  /** @param partitions A power of two. */
  constructor(machine: Visitable, partitions: number) {
    this.#machine = machine;
    this.#partitions = partitions;
    this.#shift = 32 - Math.log2(partitions);
    this.#batch = batchFor(machine);
    this.#recent = emptyRecentCache(machine.words, RECENT_WORDS);
    this.#unsure = new Int32Array(this.#batch.capacity);
    this.#hashes = new Int32Array(this.#batch.capacity);
    this.#rows = Array.from({ length: partitions }, () => new Rows());
  }

  /**
   * The transitions from the states of a chunk, `depth` commands from the initial state. The rows are valid until the
   * next call.
   * @param reached The states' parents and actions, for a machine that restores a state by its run.
   */
  expand(
    chunk: Chunk,
    depth: number,
    reached: Reached = new ChunkStates(chunk, this.#partitions, this.#machine.words),
  ): Expansion {
    const machine = this.#machine;
    const batch = this.#batch;
    const { partition, from, forms } = chunk;
    const findings = noFindings(machine);
    for (const rows of this.#rows) rows.length = 0;
    const last = forms.length / machine.words - 1;
    for (let nth = 0; nth <= last; nth++) {
      expand(machine, reached, batch, numberIn(this.#partitions, partition, from + nth));
      if (batch.count < BATCH && nth < last) continue;
      this.#sort(chunk);
      // Laws of states are looked at where a state is new.
      batch.isNew.fill(0, 0, batch.count);
      count(machine, batch, findings, depth);
    }
    return { findings, found: this.#rows.map(({ words, length }) => words.subarray(0, length)) };
  }

  #sort({ partition: ownPartition, from: first }: Chunk): void {
    const { words } = this.#machine;
    const { forms, from, by } = this.#batch;
    const unsure = this.#unsure;
    const picked = (words === 2 ? pickPairs : pick)(this.#batch, this.#recent, unsure, this.#hashes);
    for (let at = 0; at < picked; at++) {
      const nth = unsure[at] as number;
      const rows = this.#rows[partitionOf(this.#hashes[at] as number, this.#shift)] as Rows;
      rows.reserve(words + 3);
      const into = rows.words;
      let to = rows.length;
      if (to === 0) {
        into[to++] = ownPartition;
        into[to++] = first;
      }
      for (let word = nth * words; word < (nth + 1) * words; word++) into[to++] = forms[word] as number;
      const place = ((from[nth] as number) - ownPartition) / this.#partitions - first;
      into[to++] = (place << 16) | (by[nth] as number);
      rows.length = to;
    }
  }
}

/** The states of a chunk, by their numbers, for a machine that reads them. */
class ChunkStates implements Reached {
  readonly count: number;
  readonly bytes: number;
  readonly parents = NONE;
  readonly actions = new Uint16Array(0);
  readonly #chunk: Chunk;
  readonly #partitions: number;

  constructor(chunk: Chunk, partitions: number, words: number) {
    this.#chunk = chunk;
    this.#partitions = partitions;
    this.count = chunk.forms.length / words;
    this.bytes = chunk.forms.byteLength;
  }

  read(number: number, into: Int32Array): void {
    const { partition, from, forms } = this.#chunk;
    const words = into.length;
    const base = ((number - partition) / this.#partitions - from) * words;
    for (let word = 0; word < words; word++) into[word] = forms[base + word] as number;
  }

  is(): never {
    throw new Error("a chunk has only the states that are expanded");
  }

  find(): never {
    return this.is();
  }
}

/** What begins a search: the partition of the initial state, and a row as of an expansion that leads to it. */
export function initialFound(
  machine: Visitable,
  partitions: number,
): { partition: number; found: Int32Array } {
  const { words } = machine;
  const batch = emptyBatch(words, 1);
  machine.begin(batch.forms);
  batch.continues[0] = 1;
  batch.count = 1;
  const hashes = new Int32Array(1);
  (words === 2 ? pickPairs : pick)(batch, emptyRecentCache(words), new Int32Array(1), hashes);
  const partition = partitionOf(hashes[0] as number, 32 - Math.log2(partitions));
  return { partition, found: Int32Array.of(-1, 0, ...batch.forms, 0) };
}

/** The new states of a partition, in their order, and where each came from. */
export interface NewStates {
  readonly forms: Int32Array;
  readonly parents: Int32Array;
  readonly actions: Uint16Array;
}

/** All states of one partition. */
export class Partition {
  readonly #table: StateTable;
  readonly #machine: Visitable;
  readonly #partitions: number;
  readonly #batch: Batch;

  constructor(machine: Visitable, partitions: number) {
    this.#machine = machine;
    this.#partitions = partitions;
    this.#table = new StateTable(machine.words);
    this.#batch = emptyBatch(machine.words, ADDED);
    this.#batch.continues.fill(1);
  }

  get count(): number {
    return this.#table.count;
  }

  get bytes(): number {
    return this.#table.bytes;
  }

  /** Adds states that are known to be new. */
  addKnown(forms: Int32Array): void {
    const { words } = this.#machine;
    const batch = this.#batch;
    for (let at = 0; at < forms.length; at += ADDED * words) {
      const some = forms.subarray(at, at + ADDED * words);
      batch.forms.set(some);
      batch.count = some.length / words;
      this.#addBatch();
    }
  }

  #addBatch(): void {
    this.#table.addAll(this.#batch);
    const most = MOST_NUMBERS / this.#partitions;
    if (this.count > most)
      throw new SearchTooLarge(
        `a partition has more than ${most} states, which is the most that can be numbered`,
      );
  }

  /** Adds what an expansion found, and notes the laws that the new states of this level violate by themselves. */
  add(found: Int32Array, level: number, findings: Findings): void {
    const { words } = this.#machine;
    const batch = this.#batch;
    const [ownPartition, first] = [found[0] as number, found[1] as number];
    for (let at = 2; at < found.length; ) {
      let nth = 0;
      for (; nth < ADDED && at < found.length; nth++) {
        for (let word = nth * words; word < (nth + 1) * words; word++)
          batch.forms[word] = found[at++] as number;
        const origin = found[at++] as number;
        batch.from[nth] =
          ownPartition < 0 ? -1 : numberIn(this.#partitions, ownPartition, first + (origin >>> 16));
        batch.by[nth] = origin & 0xffff;
      }
      batch.count = nth;
      this.#addBatch();
      for (nth = 0; nth < batch.count; nth++) {
        if (batch.isNew[nth] === 1) noteState(this.#machine, batch, nth, findings, level);
      }
    }
  }

  /** The states from this index on. */
  since(index: number): NewStates {
    const { states, parents, actions, count } = this.#table;
    const { words } = this.#machine;
    return {
      forms: states.subarray(index * words, count * words),
      parents: parents.subarray(index, count),
      actions: actions.subarray(index, count),
    };
  }
}

/** Parents and actions of all states, for a machine that restores a state by its run. */
export class Mirror implements Reached {
  parents = new Int32Array(1024);
  actions = new Uint16Array(1024);
  readonly #counts: number[];

  constructor(partitions: number) {
    this.#counts = Array.from({ length: partitions }, () => 0);
  }

  get count(): number {
    return this.#counts.reduce((sum, each) => sum + each, 0);
  }

  get bytes(): number {
    return this.parents.byteLength + this.actions.byteLength;
  }

  countOf(partition: number): number {
    return this.#counts[partition] as number;
  }

  /** Adds the next states of a partition. */
  add(partition: number, { parents, actions }: Pick<NewStates, "parents" | "actions">): void {
    const partitions = this.#counts.length;
    const before = this.countOf(partition);
    const wanted = (before + parents.length) * partitions;
    if (wanted > this.parents.length) {
      const length = Math.ceil(wanted * 1.5);
      const [larger, others] = allocated(() => [new Int32Array(length), new Uint16Array(length)] as const);
      larger.set(this.parents);
      others.set(this.actions);
      [this.parents, this.actions] = [larger, others];
    }
    for (let nth = 0; nth < parents.length; nth++) {
      const number = numberIn(partitions, partition, before + nth);
      this.parents[number] = parents[nth] as number;
      this.actions[number] = actions[nth] as number;
    }
    this.#counts[partition] = before + parents.length;
  }

  read(): never {
    throw new Error("only parents and actions are there");
  }

  is(): never {
    return this.read();
  }

  find(): never {
    return this.read();
  }
}
