/**
 * Timing things side by side. A noisy machine slows the contestant that runs at the moment, so contestants take turns
 * in several rounds. Ratios are taken within a round, and their median over the rounds is reported.
 */

export interface Contestant {
  readonly name: string;
  /** Works for a while and returns how many units (commands, operations) it did. */
  run(round: number): number;
}

/** Units per second, by contestant and round. */
export type Speeds = ReadonlyMap<string, readonly number[]>;

/** Lets all take turns, in an order that rotates; one round more than asked for warms up and is not counted. */
export function race(contestants: readonly Contestant[], rounds: number): Speeds {
  const speeds = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round) % contestants.length] as Contestant;
      const began = performance.now();
      const units = contestant.run(round);
      const seconds = (performance.now() - began) / 1000;
      if (round > 0) speeds.get(contestant.name)?.push(units / seconds);
    }
  }
  return speeds;
}

/** A contestant's median speed, in units per second. */
export function speed(speeds: Speeds, name: string): number {
  return median(of(speeds, name));
}

/** How many times as fast the first is as the second: the median of the ratios, round by round. */
export function ratio(speeds: Speeds, name: string, against: string): number {
  const others = of(speeds, against);
  return median(of(speeds, name).map((each, round) => each / (others[round] as number)));
}

function of(speeds: Speeds, name: string): readonly number[] {
  const found = speeds.get(name);
  if (found === undefined) throw new RangeError(`no contestant is called ${name}`);
  return found;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
