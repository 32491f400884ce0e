/**
 * A recorded trace cut to the steps that a violation needs. Nothing is run again: addresses and replies stay as
 * recorded. So a step may be dropped only if the last reply still violates the law, and on the same grounds: the
 * remaining steps show nothing that was not true in the whole trace.
 */
import type { Exchange, Trace, Written } from "../../adapters/vmap/recording.ts";
import { attributeViolations } from "../../counterexamples/vmap/index.ts";
import { shrink } from "../../engine/run/shrink.ts";
import { uncovered } from "../../model/vmap/release.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import { judge, type LawId } from "../../spec/contract.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { naming, noteCommand } from "../../spec/vmap/history.ts";
import { cannotWait, placedExtent, purgeableAtPlacement, requestOf } from "../../spec/vmap/laws/law.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import { kernelNamed } from "../names.ts";
import { inheritanceOf } from "./lineage.ts";
import type { RecordedReply, VmapJudging } from "./recorded.ts";

/** A trace, its judge, and its reply that violates the law. */
interface Chosen {
  readonly trace: Trace;
  readonly judging: VmapJudging;
  readonly violating: RecordedReply | undefined;
}

/** A recorded step: its exchange, and its index in the trace. */
interface Step {
  readonly index: number;
  readonly exchange: Exchange;
  /** Of a free or an unmap of what is held: the index of the step that got it. */
  readonly frees: number | undefined;
}

export interface CutTrace {
  /** Indices of the remaining steps, the violating one last. */
  readonly steps: readonly number[];
  /** Whether none of them can be dropped; else the work ended at its bound. */
  readonly minimal: boolean;
}

/** The bound in judged replies: some seconds. */
const MOST_JUDGED = 500_000;

/** Cuts a trace to what its first violation of the law needs. Throws a RangeError if there is none. */
export function cutTrace(chosen: Chosen, law: LawId): CutTrace {
  const whole = stepsOf(chosen, law);
  const last = judgeLast(chosen, whole);
  const bug = last && bugOf(chosen, last, law);
  if (last === undefined || !last.laws.some(({ id }) => id === law))
    throw new RangeError(`the trace does not violate ${law}`);
  let budget = MOST_JUDGED;
  const fails = (steps: readonly Step[]): boolean => {
    if (steps.at(-1) !== whole.at(-1)) return false;
    budget -= steps.length;
    const reply = budget < 0 ? undefined : judgeLast(chosen, steps);
    if (reply === undefined || !reply.laws.some(({ id }) => id === law)) return false;
    return bugOf(chosen, reply, law) === bug && hasSameGrounds(law, last, reply);
  };
  const left = shrink(whole, { fails, without, simpler: () => [] });
  return { steps: left.map(({ index }) => index), minimal: budget >= 0 };
}

/** The last of these replies, judged in the world after the others; undefined if there is none. */
function judgeLast({ judging, trace }: Chosen, steps: readonly Step[]): RecordedReply | undefined {
  const spec = vmapSpec(judging.promises);
  let before: ImmutableWorld = spec.initial(trace.scope);
  for (const { command, response } of steps.slice(0, -1).map(({ exchange }) => exchange)) {
    const after = spec.after(before, command, response);
    if (after === undefined) return undefined;
    before = after;
  }
  const { command, response } = (steps.at(-1) as Step).exchange;
  const verdict = judge<Scope, ImmutableWorld, Command, Response>(
    spec,
    judging.laws,
    before,
    command,
    response,
  );
  const laws = verdict.accepted ? [] : verdict.violated;
  return { index: steps.length - 1, before, command, response, after: verdict.world, laws, following: [] };
}

/**
 * The steps up to the violation. Counts of lazy pages are those of the whole trace: they are kept only for their own
 * law.
 */
function stepsOf({ trace, violating }: Chosen, law: LawId): readonly Step[] {
  const exchanges = trace.exchanges.slice(0, (violating?.index ?? -1) + 1);
  const ledger = naming.begin();
  return exchanges.map((exchange, index) => {
    const frees = noteCommand(ledger, index, exchange.command, exchange.response);
    const step = { index, exchange, frees };
    if (law === LAZY_COUNT) return step;
    const { lazyPages: _of, ...response } = exchange.response;
    return { ...step, exchange: { ...exchange, response } };
  });
}

const LAZY_COUNT = "lazy-count";

function bugOf({ judging: { release } }: Chosen, reply: RecordedReply, law: LawId): string | undefined {
  if (release === undefined) return undefined;
  const { violations } = inheritanceOf(kernelNamed(release));
  return attributeViolations(release, reply.laws, reply, violations).find((each) => each.law === law)?.bug
    ?.id;
}

/** Without these steps, and without the frees and unmaps of what they got. */
function without(steps: readonly Step[], dropped: ReadonlySet<number>): Step[] {
  const left = new Set<number>();
  return steps.filter(({ index, frees }, nth) => {
    const stays = !dropped.has(nth) && (frees === undefined || left.has(frees));
    if (stays) left.add(index);
    return stays;
  });
}

/** Laws about what free space would have allowed: everything in the way of the request has to stay. */
const OF_FREE_SPACE: readonly LawId[] = [
  "lowest-fit",
  "lowest-fit-at-a-page",
  "lowest-roomy-hole",
  "refused-only-when-full",
  "purge-only-when-full",
  "pools-hide-no-room",
];

/** Whether a reply violates a law in a part of the trace on grounds that hold in the whole, too. */
function hasSameGrounds(law: LawId, whole: RecordedReply, part: RecordedReply): boolean {
  if (OF_FREE_SPACE.includes(law) && inTheWay(law, whole) !== inTheWay(law, part)) return false;
  if (!isPartOf(part.before, whole.before)) return false;
  const { command } = whole;
  if (command.op === "touch" && part.before.frameAt(command.page) !== whole.before.frameAt(command.page))
    return false;
  if (whole.after === undefined || part.after === undefined) return whole.after === part.after;
  if (law === LAZY_COUNT && part.after.lazyPages !== whole.after.lazyPages) return false;
  // The world's own part is kept: a report of TLBs alone would explain nothing.
  const shows = (world: ImmutableWorld) => [world.deadTranslations > 0, world.deadPtes > 0].join();
  return isPartOf(part.after, whole.after) && shows(part.after) === shows(whole.after);
}

/** What is in the way of a request: up to its place, or anywhere if it was refused or purged. */
function inTheWay(law: LawId, { before, command, response }: RecordedReply): string {
  const request = requestOf(before, command);
  if (request === undefined) return "";
  const { afterArea, beforeNext } = before.promises.guard;
  const isPlaced = law.startsWith("lowest-") && response.kind === "placed";
  const end = isPlaced ? placedExtent(before, request, response.start).end : request.vend;
  const purgeable = isPlaced
    ? purgeableAtPlacement(response)
    : law === "refused-only-when-full" && !cannotWait(before, command)
      ? "gone"
      : "taken";
  const areas = before.areasIn({ start: request.vstart - afterArea, end: end + beforeNext }, purgeable);
  return `${before.lowestFit(request, purgeable)}: ${areas.map((area) => `${area.start}-${area.end}`).join()}`;
}

/** Whether everything that is allocated, waits for a flush, or is translated in one world is so in the other. */
function isPartOf(part: ImmutableWorld, whole: ImmutableWorld): boolean {
  const isIn = (extents: readonly Extent[]) => (each: Extent) => uncovered(each, extents).length === 0;
  const facts = new Set(factsOf(whole));
  return (
    factsOf(part).every((fact) => facts.has(fact)) &&
    part.dead.every(isIn(whole.dead)) &&
    part.unflushed.every(isIn(whole.unflushed))
  );
}

/** Areas, maps and translations, in words. Frames are numbered as they are taken, so the numbers differ in a part. */
function factsOf(world: ImmutableWorld): readonly string[] {
  const areas = world.areas.map(({ start, end, life }) => `${life} area ${start}-${end}`);
  const maps = world.areas.flatMap(({ block }) => [...(block?.maps ?? [])]);
  const held = maps.map(({ start, count, held }) => `map ${start}+${count} ${held}`);
  const translated = [...world.tlbs].flatMap(([cpu, tlb]) =>
    [...tlb].map(([page, frame]) => `CPU ${cpu} ${page} ${world.frameAt(page) === frame ? "live" : "dead"}`),
  );
  return [...areas, ...held, ...translated];
}

/** A dump shows the state after the whole trace: it is dropped, except for the count of lazy pages. */
const OF_DUMPS = ["areas", "lazy_nr", "cache", "free", "purge", "pool", "blocks", "free_lists"];

/** The line of a recording with only these steps, and their requests and replies as written. */
export function cutLine(
  { file, line, written, exchanges, cut }: Trace,
  steps: readonly number[],
  law: LawId,
) {
  let cpu = 0;
  const ops = steps.map((index): Written["ops"][number] => {
    const [request, reply] = written.ops[index] as Written["ops"][number];
    const { command } = exchanges[index] as Exchange;
    const own = command.op === "alloc" ? (command.cpu ?? 0) : undefined;
    // A request without a CPU has the CPU of the one before, which may be dropped.
    const asked = own === undefined || own === cpu ? request : { ...request, cpu: own };
    if ("cpu" in asked) cpu = Number(asked.cpu);
    return law === LAZY_COUNT ? [asked, reply] : [stripped(asked, ["dump"]), stripped(reply, OF_DUMPS)];
  });
  const from = cut?.from ?? `${file}:${line}`;
  const of = cut?.of ?? exchanges.length;
  const numbers = steps.map((index) => cut?.steps[index] ?? index + 1);
  return { ...written, cut: { from, of, steps: numbers, law }, ops };
}

function stripped(fields: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
