/**
 * Violations that wait for what may still excuse them: an event with the same time on another CPU, a line that says that
 * events were lost, an event that is printed late.
 */
import type { LawId } from "../../../spec/contract.ts";
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import type { Account, Cause } from "./account.ts";
import type { Area } from "./area.ts";

/** Nothing excuses it; an order exists in which nothing is wrong; or it cannot be known, and why. */
export type Plea = "stands" | "excused" | { readonly undecided: string } | { readonly blind: string };

export interface Suspicion {
  readonly law: LawId;
  /** The event that it is about. */
  readonly at: Stamp;
  /** The later event by which it is suspected, if that is another: what excuses it may come up to there. */
  readonly by?: Stamp;
  readonly says: string;
  readonly areas: readonly Area[];
  readonly around: readonly Area[];
  readonly cause: Cause;
  readonly events?: readonly Stamp[];
  /** It waits at least up to this line. */
  readonly until?: number;
  /** Asked when it may be decided. */
  readonly plea?: () => Plea;
  /** Called when it is decided, or dropped. */
  readonly ends?: (stands: boolean) => void;
}

export const LOST_EVENTS = "events were lost";
export const UNSEEN_BEGIN = "what was there before the log begins is not known";

export class Suspicions {
  readonly #account: Account;
  /** The last event of each CPU. */
  readonly #lastOn = new Map<number, Stamp>();
  #waiting: Suspicion[] = [];
  #losing = false;

  constructor(account: Account) {
    this.#account = account;
  }

  hold(suspicion: Suspicion): void {
    this.#waiting.push(suspicion);
  }

  /** An event was printed: those that it leaves no excuse for are decided. */
  see(event: Stamp): void {
    this.#lastOn.set(event.cpu, event);
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((each) => this.#isDue(each, event));
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((each) => !due.includes(each));
    for (const each of due) this.#decide(each);
  }

  /** Whether no event can come that excuses it. */
  #isDue({ at, by = at, until }: Suspicion, { time, line }: Stamp): boolean {
    if (time === by.time || line < (until ?? 0)) return false;
    for (const last of this.#lastOn.values()) if (last.line < by.line) return false;
    return true;
  }

  /** Events are missing since a line: what came after that may have an excuse there. */
  lose({ since }: EventOf<"lost">): void {
    this.#losing = true;
    // A CPU of which nothing was printed before: its events are missing since the log began.
    if (since === 0) this.#account.withdraw(LOST_EVENTS);
    const lost = this.#waiting.filter(({ at, by = at, until }) => by.line > since || until !== undefined);
    this.#waiting = this.#waiting.filter((each) => !lost.includes(each));
    for (const each of lost) {
      this.#account.unjudge(each.law, LOST_EVENTS);
      each.ends?.(false);
    }
  }

  /** The log ends. Where it loses events, some may be missing at its end as well. */
  end(): void {
    const [waiting, last] = [this.#waiting, [...this.#lastOn.values()]];
    this.#waiting = [];
    for (const each of waiting) {
      const { at, by = at, until } = each;
      const isOpen = until !== undefined || last.some(({ line }) => line < by.line);
      if (this.#losing && isOpen) {
        this.#account.undecided(each.law, "events may be lost at the end of the log");
        each.ends?.(false);
      } else this.#decide(each);
    }
  }

  #decide(suspicion: Suspicion): void {
    const { law, at, says, areas, around, cause, events = [], plea, ends } = suspicion;
    const pleads = plea?.() ?? "stands";
    if (pleads === "stands")
      this.#account.violate(
        { law, line: at.line, time: at.time, says, areas, around, events: [...events, at] },
        cause,
      );
    else if (pleads !== "excused" && "blind" in pleads) this.#account.blind(law, pleads.blind);
    else if (pleads !== "excused") this.#account.undecided(law, pleads.undecided);
    ends?.(pleads === "stands");
  }
}
