/** `validate`: the log of a running kernel, followed event by event and judged by the laws that its events show. */
import { inputError } from "../../adapters/input-error.ts";
import { Log } from "../../adapters/vmap/logs/log.ts";
import { readVmallocinfo, snapshotNamed } from "../../adapters/vmap/logs/vmallocinfo.ts";
import type { FoundViolation, LawTally } from "../../properties/vmap/log/account.ts";
import type { EndState } from "../../properties/vmap/log/end-state.ts";
import { LOG_LAWS } from "../../properties/vmap/log/laws.ts";
import type { ReleaseFacts } from "../../properties/vmap/log/release.ts";
import type { FitCounts } from "../../properties/vmap/log/room.ts";
import type { PlacementWindow } from "../../properties/vmap/log/space.ts";
import {
  type Caller,
  type Sample,
  type WindowState,
  windowState,
} from "../../properties/vmap/log/time-line.ts";
import { whyUnjudged } from "../../properties/vmap/log/unjudged.ts";
import { Validator } from "../../properties/vmap/log/validator.ts";
import type { LawId } from "../../spec/contract.ts";
import type { LogFacts, Snapshot } from "../../spec/vmap/log.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import { checkedFor } from "../names.ts";
import { UsageError } from "../usage-error.ts";
import { type Watch, Work } from "../work.ts";

export interface ValidateOptions extends Watch {
  /** A file with readings of /proc/vmallocinfo: one at the end of the log, perhaps one before its beginning. */
  readonly vmallocinfo?: string | undefined;
  /** The kernel's version. */
  readonly release?: string | undefined;
}

/** How often a law was judged; and how often not, by the reason. */
export interface JudgedLaw {
  readonly id: LawId;
  readonly judged: number;
  readonly violated: number;
  /** What follows from violations, of this or of other laws. */
  readonly more: number;
  readonly undecided: Readonly<Record<string, number>>;
  readonly blind: Readonly<Record<string, number>>;
  /** Why it was never judged; null if it was. */
  readonly why: string | null;
}

export interface ValidateReport {
  readonly file: string;
  readonly release: string | null;
  /** Why the log is not of that release; null if it may be. */
  readonly mismatch: string | null;
  /** What speaks against that release and contradicts nothing; null if nothing does. */
  readonly hint: string | null;
  readonly facts: LogFacts;
  /** Lines with events of the vmap layer, with others, and with none. */
  readonly lines: { readonly events: number; readonly others: number; readonly strange: number };
  /** Lines that report lost events, and how many events they report. */
  readonly lost: { readonly times: number; readonly events: number };
  readonly laws: readonly JudgedLaw[];
  readonly violated: number;
  readonly violations: readonly FoundViolation[];
  readonly totals: Readonly<Record<"allocated" | "failed" | "freed" | "purges" | "purgesOfAreas", number>>;
  /** From the first event to the last, in microseconds or ticks. */
  readonly span: number;
  readonly peak: { readonly areas: number; readonly lazyPages: number; readonly lazyMost: number | null };
  readonly samples: readonly Sample[];
  readonly callers: readonly Caller[];
  /** Each window of placement, as the log leaves it. */
  readonly windows: readonly WindowState[];
  /** Free extents at the end, below the highest area of each window. */
  readonly holes: readonly Extent[];
  /** The areas that the log leaves. */
  readonly remaining: readonly (Extent & { readonly isLazy: boolean })[];
  readonly fits: FitCounts;
  /** Purges that reported as many areas as were freed, in some order of the events; fewer; more. */
  readonly purgeCounts: { readonly match: number; readonly fewer: number; readonly more: number };
  readonly end: EndState | null;
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** Events between two looks at the clock and the keyboard. */
const TURN = 8192;
const BUSIEST = 8;
/** Holes that are listed one by one. */
const MOST_HOLES = 10_000;

/** Why the end is not compared. */
const NO_END = "no /proc/vmallocinfo of the end was given (--vmallocinfo)";

/** Throws an InputError for a file that is no log, or no vmallocinfo, or one of another machine. */
export async function validate(file: string, options: ValidateOptions = {}): Promise<ValidateReport> {
  const started = performance.now();
  const release = options.release === undefined ? undefined : releaseFacts(options.release);
  const snapshots =
    options.vmallocinfo === undefined
      ? undefined
      : readingsOf(options.vmallocinfo, await readVmallocinfo(options.vmallocinfo));
  const work = new Work(options);
  const log = new Log(file, options.signal);
  const validator = new Validator(() => log.facts, release, snapshots?.first?.areas);
  const lost = { times: 0, events: 0 };
  let events = 0;
  for await (const event of log.events()) {
    validator.see(event);
    if (event.kind === "lost") {
      lost.times += 1;
      lost.events += event.events ?? 0;
    }
    events += 1;
    if (events % TURN !== 0) continue;
    const found = validator.space.account.violations.length;
    if (await work.turn(`${file}: line ${event.line}, ${found} violations`)) break;
  }
  validator.end();
  const last = work.stop === false ? snapshots?.last : undefined;
  const end = last === undefined ? null : validator.ends.compare(last.areas, log.facts.bits);
  const foreign =
    work.stop === false && snapshots !== undefined ? whyForeign(validator, snapshots, end) : undefined;
  if (foreign !== undefined)
    throw new UsageError(
      `--vmallocinfo ${options.vmallocinfo} is no reading of the machine of ${file}: ${foreign}`,
    );
  if (end === null && work.stop === false) validator.space.account.blind("end-state", NO_END);
  return {
    file,
    release: options.release ?? null,
    mismatch: validator.mismatch,
    hint: validator.hint,
    facts: log.facts,
    lines: log.counts,
    lost,
    ...reportOf(validator),
    end,
    seconds: (performance.now() - started) / 1000,
    interrupted: work.stop !== false,
  };
}

/** This many areas, of which a reading has none, are no faults of a kernel. */
const MANY = 16;

/** Why a reading is certainly of another machine than the log, or of another boot; undefined if it may be of this one. */
function whyForeign(
  { space }: Validator,
  { first, last }: Readings,
  end: EndState | null,
): string | undefined {
  const ofReadings = bitsOf([...(first?.areas ?? []), ...(last?.areas ?? [])]);
  const ofLog = bitsOf([...space.areas]);
  if (ofReadings !== undefined && ofLog !== undefined && ofReadings !== ofLog)
    return `it has addresses of ${ofReadings} bits, and the log has ${ofLog}`;
  const lacking = end?.onlyLog.filter(({ why }) => why === undefined).length ?? 0;
  if (end?.common === 0 && lacking >= MANY)
    return `it has none of the ${lacking} areas that the log leaves in use`;
  return undefined;
}

/** The word size that all addresses show; undefined without any, or if one is of another size: it may be the fault. */
function bitsOf(areas: readonly Extent[]): 32 | 64 | undefined {
  const [first, ...others] = new Set(areas.map(({ end }) => (end > WORD_PAGES ? 64 : 32)));
  return others.length === 0 ? first : undefined;
}

/** Pages of an address space of 32 bits. */
const WORD_PAGES = 2 ** 20;

function reportOf({ space, timeLine, room, purging }: Validator) {
  const { account, areas, windows } = space;
  const laws = LOG_LAWS.map(({ id }) => {
    const { judged, violated, more, undecided, blind } = account.tallies.get(id) as LawTally;
    const reasons = [...undecided.keys(), ...blind.keys()];
    return {
      id,
      judged,
      violated,
      more,
      undecided: Object.fromEntries(undecided),
      blind: Object.fromEntries(blind),
      why: judged + violated > 0 ? null : reasons.join("; ") || whyUnjudged(id, space.seen),
    };
  });
  const { match, fewer, more } = purging.counts;
  return {
    laws,
    violated: laws.reduce((sum, { violated }) => sum + violated, 0),
    violations: account.violations.toSorted((a, b) => a.line - b.line),
    totals: timeLine.totals,
    span: timeLine.last - (timeLine.first ?? 0),
    peak: { areas: timeLine.peakAreas, lazyPages: timeLine.peakLazy, lazyMost: timeLine.lazyMost ?? null },
    samples: timeLine.samples,
    callers: timeLine.busiest(BUSIEST),
    windows: [...windows.values()].map((window) => windowState(window, areas)),
    holes: [...windows.values()].flatMap((window) => holesOf(window, areas)).slice(0, MOST_HOLES),
    remaining: [...areas].map(({ start, end, freed }) => ({ start, end, isLazy: freed !== undefined })),
    fits: room.fits,
    purgeCounts: { match, fewer, more },
  };
}

/** Free extents between the areas of a window. */
function holesOf({ vstart, highest }: PlacementWindow, areas: Iterable<Extent>): readonly Extent[] {
  const holes: Extent[] = [];
  let from = vstart;
  for (const { start, end } of areas) {
    if (end <= vstart || start >= highest) continue;
    if (start > from) holes.push({ start: from, end: start });
    from = Math.max(from, end);
  }
  return holes;
}

/** Of a version between two releases: what both have. */
function releaseFacts(word: string): ReleaseFacts {
  const releases = checkedFor(word).kernels.map(({ release }) => release);
  const exact = ["lowest-fit-at-a-page", "lowest-fit"];
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(word) ?? [];
  return {
    name: word,
    hasTracepoints: major === undefined ? undefined : Number(major) + Number(minor) / 1000 >= 6.002,
    hasNodes: agreed(releases.map(({ pools }) => pools !== "none")),
    exactFit: agreed(releases.map(({ laws }) => exact.some((law) => laws.includes(law)))),
  };
}

const agreed = (all: readonly boolean[]) => (all.every((each) => each === all[0]) ? all[0] : undefined);

interface Readings {
  readonly first: Snapshot | undefined;
  readonly last: Snapshot | undefined;
}

/** Which of several readings is the one before the log, and which the one at its end: one without a title is that. */
function readingsOf(file: string, snapshots: readonly Snapshot[]): Readings {
  const named = (when: RegExp) => snapshotNamed(snapshots, when);
  const [first, last] = [named(/pre|before|begin/i) ?? named(/start/i), named(/end/i)];
  if (first !== undefined || last !== undefined) return { first, last };
  if (snapshots.length === 1) return { first: undefined, last: snapshots[0] };
  const says = `has ${snapshots.length} readings without a title: "==== pre" or "==== end" was expected`;
  throw inputError(file, undefined, says);
}
