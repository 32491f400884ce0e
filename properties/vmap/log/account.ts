/** What was judged, law by law, and what could not be. */
import type { LawId } from "../../../spec/contract.ts";
import type { LogEvent, Stamp } from "../../../spec/vmap/log.ts";
import type { Area } from "./area.ts";
import { LOG_LAWS, OF_ROOM } from "./laws.ts";

/** A law that the log violates in every order of its events that is possible. */
export interface LogViolation {
  readonly law: LawId;
  readonly line: number;
  readonly time: number;
  readonly says: string;
  /** The areas it is about, the one placed or freed last. */
  readonly areas: readonly Area[];
  /** The areas around. */
  readonly around: readonly Area[];
  /** The events it rests on. */
  readonly events: readonly Stamp[];
}

/** A violation, and how many follow from it: about addresses that were not known since, or sums of lazy pages. */
export interface FoundViolation extends LogViolation {
  readonly more: number;
  readonly moreByLaw: Readonly<Record<LawId, number>>;
}

/** What violations have in common. */
export interface Cause {
  /** Those that are listed: of the event that shows it first one of each law, and the first that is not about room. */
  readonly found: { -readonly [K in keyof FoundViolation]: FoundViolation[K] }[];
  /** Those that are not decided yet. */
  waiting: number;
}

export const newCause = (): Cause => ({ found: [], waiting: 0 });

/** How often a law was judged; and how often not, by the reason. */
export interface LawTally {
  judged: number;
  /** Violations; and those that have the cause of another. */
  violated: number;
  more: number;
  /** An order exists in which it holds, and one in which it does not. */
  readonly undecided: Map<string, number>;
  /** What it needs is not in the log. */
  readonly blind: Map<string, number>;
}

/** Violations kept with their events: more of them say nothing new. */
const MOST_KEPT = 200;
/** Of more than these it is not known what they would be without others. */
const MOST_HELD = 10_000;

export class Account {
  readonly tallies: ReadonlyMap<LawId, LawTally> = new Map(
    LOG_LAWS.map(({ id }) => [
      id,
      { judged: 0, violated: 0, more: 0, undecided: new Map(), blind: new Map() },
    ]),
  );
  violations: FoundViolation[] = [];
  /** Violations that were ever found, those too that follow from others. */
  found = 0;
  /** All, in the order in which they were decided: without some of them others are listed. */
  readonly #held: { readonly violation: LogViolation; readonly cause: Cause }[] = [];
  #withheld: { readonly laws: readonly LawId[]; readonly line: number; readonly why: string } | undefined;

  judged(law: LawId): void {
    this.#of(law).judged += 1;
  }

  undecided(law: LawId, why: string): void {
    count(this.#of(law).undecided, why);
  }

  blind(law: LawId, why: string): void {
    count(this.#of(law).blind, why);
  }

  violate(violation: LogViolation, cause: Cause = newCause()): void {
    this.found += 1;
    if (this.#held.length < MOST_HELD) this.#held.push({ violation, cause });
    this.#list(violation, cause);
  }

  #list(violation: LogViolation, { found }: Cause): void {
    const { law, line } = violation;
    const withheld = this.#withheld;
    if (withheld !== undefined && line <= withheld.line && withheld.laws.includes(law)) {
      this.#unjudge(law, this.#of(law).undecided, withheld.why);
      return;
    }
    const isOfRoom = OF_ROOM.includes(law);
    // A hole that was passed over rests on all that lies below it: it explains what comes later about holes alone.
    const first = found.find((each) => isOfRoom || !OF_ROOM.includes(each.law) || line < each.line);
    if (first === undefined || (first.line === line && found.every((each) => each.law !== law))) {
      const one = { ...violation, more: 0, moreByLaw: {} };
      found.push(one);
      this.#of(law).violated += 1;
      if (this.violations.length < MOST_KEPT) this.violations.push(one);
      return;
    }
    // It may have been decided later, and come first.
    const isFirst = line < first.line && !isOfRoom;
    const [kept, other] = isFirst ? [violation, first.law] : [first, law];
    this.#of(first.law).violated -= 1;
    this.#of(kept.law).violated += 1;
    this.#of(other).more += 1;
    const moreByLaw = { ...first.moreByLaw, [other]: (first.moreByLaw[other] ?? 0) + 1 };
    Object.assign(first, kept, { more: first.more + 1, moreByLaw });
  }

  /** Nothing that was held to be a violation is one, for this reason. */
  withdraw(why: string): void {
    for (const [law, count] of this.#unlist())
      for (let each = count; each > 0; each--) this.unjudge(law, why);
    this.#held.length = 0;
  }

  /** What violates these laws up to this line is undecided, for this reason. Returns causes that nothing else shows. */
  withhold(laws: readonly LawId[], line: number, why: string): readonly Cause[] {
    this.#withheld = { laws, line, why };
    const rest = this.#unlist();
    for (const { violation, cause } of this.#held) {
      rest.set(violation.law, (rest.get(violation.law) as number) - 1);
      this.#list(violation, cause);
    }
    for (const [law, count] of rest) {
      if (!laws.includes(law)) this.#of(law).more += count;
      else for (let each = count; each > 0; each--) this.#unjudge(law, this.#of(law).undecided, why);
    }
    return this.#held.map(({ cause }) => cause).filter(({ found }) => found.length === 0);
  }

  /** Nothing is listed any more; how many of each law were counted. */
  #unlist(): Map<LawId, number> {
    const counts = new Map<LawId, number>();
    for (const [law, tally] of this.tallies) {
      counts.set(law, tally.violated + tally.more);
      tally.violated = 0;
      tally.more = 0;
    }
    this.violations = [];
    for (const { cause } of this.#held) cause.found.length = 0;
    return counts;
  }

  /** What was counted as judged was not, for this reason. */
  unjudge(law: LawId, why: string): void {
    this.#unjudge(law, this.#of(law).blind, why);
  }

  #unjudge(law: LawId, counts: Map<string, number>, why: string): void {
    const tally = this.#of(law);
    tally.judged = Math.max(0, tally.judged - 1);
    count(counts, why);
  }

  #of(law: LawId): LawTally {
    return this.tallies.get(law) as LawTally;
  }
}

function count(counts: Map<string, number>, why: string): void {
  counts.set(why, (counts.get(why) ?? 0) + 1);
}

/** The stamp alone of an event that is kept. */
export function stampOf({ line, time, cpu, task, name, inInterrupt }: LogEvent | Stamp): Stamp {
  return { line, time, cpu, task, name, inInterrupt };
}
