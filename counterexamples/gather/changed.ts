/** Kernels with one step replaced, and spans of releases. */
import type { Facts } from "../../kernels/gather/changes.ts";
import { type GatherKernel, gatherKernel } from "../../kernels/gather/gather-kernel.ts";
import { kernelCalled, rulesOf } from "../../kernels/gather/index.ts";
import type { Steps } from "../../kernels/gather/state.ts";
import type { LawId } from "../../spec/contract.ts";
import { LABELS, PREFIX } from "../../spec/gather/bibliography.ts";
import type { Command, Op } from "../../spec/gather/commands.ts";
import type { Promises } from "../../spec/gather/releases.ts";
import { promisesCalled } from "../../spec/gather/releases.ts";
import { tableOf } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Removal, World } from "../../spec/gather/world.ts";
import type { Evidence, PinnedViolation } from "../../spec/wing.ts";

export interface Change {
  readonly facts?: Partial<Facts>;
  readonly steps?: Partial<Steps>;
  readonly promises?: Partial<Promises>;
}

/** The kernel of a release (`3.1`) with this replaced, under a name of its own. */
export function changed(label: string, name: string, { facts, steps, promises }: Change): GatherKernel {
  const release = { ...promisesCalled(PREFIX + label), ...promises };
  const rules = rulesOf(PREFIX + label);
  return gatherKernel(
    release,
    { facts: { ...rules.facts, ...facts }, steps: { ...rules.steps, ...steps } },
    name,
  );
}

/** Each of these laws is violated on these kernels, by the history in LAW.json, or of another form of it. */
export function pinned(
  laws: readonly LawId[],
  on: readonly string[],
  repaired: GatherKernel,
  form = "",
): PinnedViolation<GatherTerms>[] {
  return laws.map((law) => ({ law, on, pinned: `${law}${form}.json`, repaired }));
}

/** The labels from one release to another, both included. */
export function from(first: (typeof LABELS)[number], last: (typeof LABELS)[number]): readonly string[] {
  return LABELS.slice(LABELS.indexOf(first), LABELS.indexOf(last) + 1).map((label) => PREFIX + label);
}

/** Whether a touch is of an address that mapped a frame without a page, whose entry is not flushed. */
export function isOfFrame({ uncovered }: World, command: Command): boolean {
  if (command.op !== "touch") return false;
  return [...uncovered.values()].some(({ ofFrame, addr }) => ofFrame && addr === command.addr);
}

/** The call that flushed and missed the entry of a page that is touched, or the call itself. */
export function missedIn({ uncovered }: World, command: Command): Op {
  if (command.op !== "touch") return command.op;
  const missed = [...uncovered.values()].find(({ addr, ofFrame }) => addr === command.addr && !ofFrame);
  return missed?.missedIn ?? command.op;
}

/** How the tables were freed, before a flush covered them, that a touch may walk, or that a reply freed. */
export function freedHow({ before, command, after }: Omit<Evidence<GatherTerms>, "law">): Removal["freed"][] {
  const tables =
    command.op === "touch"
      ? [...before.uncovered.values()].filter(({ table }) => table === tableOf(command.addr))
      : (after?.reply.earlyTables ?? []);
  return tables.flatMap(({ freed }) => freed ?? []);
}

/** A release's kernel. */
export function released(label: string): GatherKernel {
  const found = kernelCalled(PREFIX + label);
  if (found === undefined) throw new RangeError(`${label} is no label of a recorded gather`);
  return found;
}
