/**
 * Every state met, in the order in which they were met, in flat memory: the words of a state, which state it came
 * from and by which action, and an open-addressing table from a state's hash to its number. At two words a state
 * that is 8 bytes, 6 for its origin, and 6 to 11 of the table.
 */
export class StateTable {
  readonly words: number;
  count = 0;
  states: Int32Array;
  parents: Int32Array;
  actions: Uint16Array;
  /** Numbers of states plus one; 0 is free. Never more than two thirds full. */
  #slots: Int32Array;

  constructor(words: number, capacity = 1024) {
    this.words = words;
    this.states = new Int32Array(capacity * words);
    this.parents = new Int32Array(capacity);
    this.actions = new Uint16Array(capacity);
    this.#slots = new Int32Array(capacity * 2);
  }

  /** Bytes held. */
  get bytes(): number {
    return (
      this.states.byteLength + this.parents.byteLength + this.actions.byteLength + this.#slots.byteLength
    );
  }

  /** The number of a state already met, or -1 less the number it now has. */
  add(state: Int32Array, parent: number, action: number): number {
    const { words, states } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(state, words) & mask;
    for (;;) {
      const known = slots[slot] as number;
      if (known === 0) break;
      const base = (known - 1) * words;
      let word = 0;
      while (word < words && states[base + word] === state[word]) word += 1;
      if (word === words) return known - 1;
      slot = (slot + 1) & mask;
    }
    const number = this.count;
    slots[slot] = number + 1;
    this.count += 1;
    const base = number * words;
    for (let word = 0; word < words; word++) states[base + word] = state[word] as number;
    this.parents[number] = parent;
    this.actions[number] = action;
    if (this.count === this.parents.length) this.#growStates();
    if (this.count * 3 > slots.length * 2) this.#growSlots();
    return -1 - number;
  }

  /** Copies a state out. */
  read(number: number, into: Int32Array): void {
    const base = number * this.words;
    for (let word = 0; word < this.words; word++) into[word] = this.states[base + word] as number;
  }

  #growStates(): void {
    const capacity = Math.ceil(this.parents.length * 1.5);
    this.states = grown(this.states, new Int32Array(capacity * this.words));
    this.parents = grown(this.parents, new Int32Array(capacity));
    this.actions = grown(this.actions, new Uint16Array(capacity));
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    const state = new Int32Array(this.words);
    for (let number = 0; number < this.count; number++) {
      this.read(number, state);
      let slot = hash(state, this.words) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

function grown<T extends Int32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Each word mixed in and stirred, as MurmurHash3's finaliser does. */
function hash(state: Int32Array, words: number): number {
  let mixed = 0x9747b28c;
  for (let word = 0; word < words; word++) {
    mixed = Math.imul(mixed ^ (state[word] as number), 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    mixed ^= mixed >>> 16;
  }
  return mixed;
}
