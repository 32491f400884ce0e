/**
 * The states of a shared search, in partitions on one server, on several in turn, or on those of a cluster. They lie
 * there as in a table of the local search: forms, numbers of parents, actions. Each is one string for a round of a
 * partition: it has no spare room, as a string that grows has.
 */
import { type NewStates, SearchTooLarge } from "../../engine/search/partitions.ts";
import { APPLY, PREPARE, PUSH, SIZE } from "./search-scripts.ts";
import { holderOf, type Server, SLOTS, slotOf } from "./server.ts";

/** What is found for a partition is read by this many expansions at a time. */
const PIECES = 64;
/** The longest string of a server, unless `proto-max-bulk-len` says more. */
const MOST_STRING = 512 * 2 ** 20;
/** A server has lost what it had answered. */
export class LostStates extends Error {}

/** Where a state lies in its partition. */
export interface Place {
  readonly round: number;
  readonly place: number;
}

/** What a server has of a search. */
export interface Shard {
  readonly server: string;
  readonly states: number;
  readonly bytes: number;
}

export class SearchStates {
  readonly #servers: readonly Server[];
  /** By partition: all of its keys have this tag, so that a cluster has them on one server. */
  readonly #tags: readonly string[];

  /** @param servers Those of the partitions, in turn. */
  constructor(id: string, servers: readonly Server[], partitions: number) {
    this.#servers = servers;
    this.#tags = Array.from({ length: partitions }, (_none, partition) => tagOf(id, partition, partitions));
  }

  /**
   * Makes the partitions, without states, unless they are there. Returns how many rounds they have of another run of the
   * search; undefined if they have none.
   */
  async prepare(run: string): Promise<number | undefined> {
    let rounds: number | undefined;
    for (const partition of this.#tags.keys()) {
      const other = await this.#at(partition).eval(PREPARE, 1, this.#key(partition, "merged"), run);
      if (other !== null) rounds = Math.max(rounds ?? 0, Number(other) + 1);
    }
    return rounds;
  }

  /** Puts what an expansion found where the partition will take it. */
  async push(partition: number, round: number, found: Int32Array, run: string): Promise<void> {
    const keys = [this.#key(partition, "merged"), this.#key(partition, `found:${round}`)];
    await this.#at(partition).eval(PUSH, 2, ...keys, round, bytesOf(found), run);
  }

  /** What was said of a round when a partition took it; undefined if it has not. */
  async saysOf(partition: number, round: number): Promise<string | undefined> {
    const [of, says] = await this.#at(partition).hmget(this.#key(partition, "merged"), "round", "says");
    return of === String(round) ? (says ?? undefined) : undefined;
  }

  /** Whether a partition has taken a later round: then nothing is left to do for this one. */
  async isBeyond(partition: number, round: number): Promise<boolean> {
    return Number((await this.#at(partition).hget(this.#key(partition, "merged"), "round")) ?? -1) > round;
  }

  /** What was found for a round of a partition, some at a time. Throws a LostStates if there is less than there was. */
  async *found(partition: number, round: number, count: number): AsyncGenerator<readonly Int32Array[]> {
    const key = this.#key(partition, `found:${round}`);
    if ((await this.#at(partition).llen(key)) < count) throw this.lost(partition);
    for (let first = 0; ; first += PIECES) {
      const some = await this.#at(partition).lrangeBuffer(key, first, first + PIECES - 1);
      yield some.map((each) => new Int32Array(copyOf(each)));
      if (some.length < PIECES) return;
    }
  }

  /** Adds a round's new states to a partition, once. Returns what was said of them the first time. */
  async apply(
    partition: number,
    round: number,
    before: number,
    { forms, parents, actions }: NewStates,
    says: string,
    run: string,
  ): Promise<string> {
    if (forms.byteLength > MOST_STRING)
      throw new SearchTooLarge(
        `a round of a partition takes ${forms.byteLength} bytes, and a server's string at most ${MOST_STRING}`,
      );
    const keys = ["merged", ...["found", "forms", "parents", "actions"].map((name) => `${name}:${round}`)];
    const said = await this.#at(partition).eval(
      APPLY,
      keys.length,
      ...keys.map((name) => this.#key(partition, name)),
      round,
      before,
      before + parents.length,
      bytesOf(forms),
      bytesOf(parents),
      bytesOf(actions),
      says,
      run,
    );
    if (said === null) throw this.lost(partition);
    return String(said);
  }

  /** Forms of a round, by their places in it, from one to before another. Throws a LostStates if they are not there. */
  async forms(
    partition: number,
    round: number,
    words: number,
    from: number,
    to: number,
  ): Promise<Int32Array> {
    const key = this.#key(partition, `forms:${round}`);
    const bytes = await this.#at(partition).getrangeBuffer(key, from * words * 4, to * words * 4 - 1);
    if (bytes.length < (to - from) * words * 4) throw this.lost(partition);
    return new Int32Array(copyOf(bytes));
  }

  /** All forms of a round; none if no state of it lies there. */
  async allForms(partition: number, round: number): Promise<Int32Array> {
    const bytes = await this.#at(partition).getBuffer(this.#key(partition, `forms:${round}`));
    return new Int32Array(copyOf(bytes ?? NONE));
  }

  /** The round in which a partition took a state, and its place among those of that round, by its index. */
  async placeOf(partition: number, index: number, rounds: number): Promise<Place> {
    const keys = this.#roundKeys(partition, ["actions"], rounds);
    const sizes = await Promise.all(keys.map((key) => this.#at(partition).strlen(key)));
    let place = index;
    for (const [round, bytes] of sizes.entries()) {
      if (place < bytes / 2) return { round, place };
      place -= bytes / 2;
    }
    throw this.lost(partition);
  }

  /** Where a state comes from, by its place in its round. Throws a LostStates if that is not there. */
  async origin(partition: number, { round, place }: Place) {
    const of = async (name: string, size: number) => {
      const key = this.#key(partition, `${name}:${round}`);
      const bytes = await this.#at(partition).getrangeBuffer(key, place * size, (place + 1) * size - 1);
      if (bytes.length < size) throw this.lost(partition);
      return copyOf(bytes);
    };
    const [parents, actions] = await Promise.all([of("parents", 4), of("actions", 2)]);
    return { parent: new Int32Array(parents)[0] as number, action: new Uint16Array(actions)[0] as number };
  }

  /** Where the states of a round come from. */
  async origins(partition: number, round: number): Promise<Pick<NewStates, "parents" | "actions">> {
    const [parents, actions] = await Promise.all(
      ["parents", "actions"].map((name) =>
        this.#at(partition).getBuffer(this.#key(partition, `${name}:${round}`)),
      ),
    );
    return {
      parents: new Int32Array(copyOf(parents ?? NONE)),
      actions: new Uint16Array(copyOf(actions ?? NONE)),
    };
  }

  /** By server: states, and the bytes that they take there. */
  async shards(rounds: number): Promise<readonly Shard[]> {
    const shards = new Map<string, Shard>();
    for (const partition of this.#tags.keys()) {
      const keys = [
        this.#key(partition, "merged"),
        ...this.#roundKeys(partition, ["forms", "parents", "actions"], rounds),
      ];
      const sizes = await this.#at(partition).eval(SIZE, keys.length, ...keys);
      const [states, bytes] = sizes as [number, number];
      const server = this.#holder(partition);
      const before = shards.get(server) ?? { states: 0, bytes: 0 };
      shards.set(server, { server, states: before.states + states, bytes: before.bytes + bytes });
    }
    return [...shards.values()];
  }

  async remove(rounds: number): Promise<void> {
    for (const partition of this.#tags.keys()) {
      const keys = this.#roundKeys(partition, ["forms", "parents", "actions", "found"], rounds + 1);
      await this.#at(partition).unlink(this.#key(partition, "merged"), ...keys);
    }
  }

  lost(partition: number): LostStates {
    return new LostStates(
      `${this.#holder(partition)} lost states that it had: keep its append-only file on, and let it evict no key`,
    );
  }

  #roundKeys(partition: number, names: readonly string[], rounds: number): string[] {
    const all = Array.from({ length: rounds + 1 }, (_none, round) => round);
    return all.flatMap((round) => names.map((name) => this.#key(partition, `${name}:${round}`)));
  }

  #at(partition: number): Server {
    return this.#servers[partition % this.#servers.length] as Server;
  }

  #key(partition: number, name: string): string {
    return `vmapcheck:search:{${this.#tags[partition]}}:${name}`;
  }

  #holder(partition: number): string {
    return holderOf(this.#at(partition), slotOf(this.#tags[partition] as string));
  }
}

/** A partition's tag: the slots of a search's partitions are evenly spread, as those of a new cluster are over its servers. */
function tagOf(id: string, partition: number, partitions: number): string {
  for (let nth = 0; ; nth++) {
    const tag = `${id}.${partition}.${nth}`;
    if (Math.floor((slotOf(tag) * partitions) / SLOTS) === partition) return tag;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NewStates["parents"] | NewStates["actions"]) =>
  Buffer.from(buffer, byteOffset, byteLength);

const NONE = Buffer.alloc(0);

/** Replies begin at any byte, and numbers do not. */
const copyOf = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer;
