/** The steps of which every call here is made: an allocation of memory, a place where it may sleep, and its return. */
import { briefly, excludes, includes, type Operations, sets } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { failureIsReported, failureLeavesNothing } from "../../../spec/process.ts";
import {
  MASKS,
  nofailIsServed,
  obeysMask,
  sectionsEnd,
  sleepsOnlyWhereItMay,
} from "../../../spec/vmap/concepts.ts";
import { seen } from "../../call-assertions.ts";
import { type Check, IDLE, type Step } from "../../program.ts";
import {
  type CpuFields,
  callOf,
  GFP_KERNEL,
  GFP_NOWAIT,
  NOFAIL,
  NONE,
  numberOf,
  PARTS,
  type Part,
} from "./fields.ts";

/** The mask of an allocation inside a call, from that of the caller. */
export type MaskInside = (own: number) => number;
export const ofCaller: MaskInside = (own) => own;
export const always: MaskInside = () => GFP_KERNEL;
/** By a scope of the task, which page tables keep to: it can forbid layers, but nothing can make them not fail. */
export const byScope: MaskInside = (own) => (own === NOFAIL ? GFP_KERNEL : own);

const masks = MASKS.map((_mask, number) => number);

/** An allocation of memory: it succeeds at once, or after reclaim if its mask may wait, or fails if it may. */
export function allocates(
  cpu: CpuFields,
  at: string,
  part: Part,
  inside: MaskInside,
  to: string,
  failed: string,
): Step[] {
  const { mask, context, section, parts } = cpu;
  const gets = briefly(`has ${part}`, includes(parts, numberOf(part)));
  const of = (test: (inner: number) => boolean) => has(mask, ...masks.filter((own) => test(inside(own))));
  const entered = (state: Int32Array) => MASKS[inside(mask.get(state))]?.mayEnter ?? [];
  return [
    { at, says: `gets ${part}`, to, does: gets },
    {
      at,
      says: `waits for memory, gets ${part}`,
      to,
      when: [of((inner) => inner !== GFP_NOWAIT)],
      does: gets,
      asserts: [
        mayReclaim(cpu, entered),
        seen(sleepsOnlyWhereItMay, [mask, context, section], (state) => ({
          command: callOf(cpu, state),
          response: { slept: { inSection: section.get(state) === 1 } },
        })),
      ],
    },
    { at, says: `gets no ${part}`, to: failed, when: [of((inner) => inner !== NOFAIL)] },
  ];
}

function mayReclaim(
  cpu: CpuFields,
  entered: (state: Int32Array) => (typeof MASKS)[number]["mayEnter"],
): Check {
  return seen(obeysMask, [cpu.mask, cpu.context], (state) => ({
    command: callOf(cpu, state),
    response: { entered: entered(state) },
  }));
}

/** It sleeps, or says that it might. */
export function maySleep(cpu: CpuFields): Check {
  const { mask, context, section } = cpu;
  return seen(sleepsOnlyWhereItMay, [mask, context, section], (state) => ({
    command: callOf(cpu, state),
    response: { slept: { inSection: section.get(state) === 1 } },
  }));
}

/** What it got is given back. */
export const givesBack = (at: string, part: Part, to: string, { parts }: CpuFields): Step => ({
  at,
  says: `gives ${part} back`,
  to,
  does: briefly(`has no ${part}`, excludes(parts, numberOf(part))),
});

/** It returns with all that such a call gets. */
export function granted(
  cpu: CpuFields,
  at: string,
  says: string,
  needs: readonly Part[],
  does: Operations,
): Step {
  const { parts, mask, context, section } = cpu;
  const missing = (state: Int32Array) => needs.filter((part) => !((parts.get(state) >>> numberOf(part)) & 1));
  const notAll = (state: Int32Array) =>
    missing(state).length === 0
      ? undefined
      : ({ allocation: 1, wrong: "succeeds", text: `without ${missing(state).join(", ")}` } as const);
  return {
    at,
    says,
    to: IDLE,
    does: [does, sets(mask, 0), sets(context, 0)],
    asserts: [
      seen(failureIsReported, [parts], (state) => ({
        command: undefined,
        response: { kind: "placed", failing: notAll(state) },
      })),
      seen(sectionsEnd, [section, mask, context], (state) => ({
        command: callOf(cpu, state),
        response: { returned: { granted: true, inSection: section.get(state) === 1 } },
      })),
    ],
  };
}

/** It is refused: what it got is given back, or queued for a worker. */
export function refused(cpu: CpuFields, at: string): Step {
  const { parts, area, mask, context, section } = cpu;
  // What is left of shadow stays in the side table: the next area there finds it.
  const left = (state: Int32Array) =>
    PARTS.filter((part, bit) => part !== "shadow" && ((parts.get(state) >>> bit) & 1) === 1);
  const leaves = (state: Int32Array) =>
    area.get(state) !== NONE || left(state).length === 0
      ? undefined
      : ({ allocation: 1, wrong: "leaves", text: left(state).join(", ") } as const);
  return {
    at,
    says: "is refused; returns",
    to: IDLE,
    does: [sets(mask, 0), sets(context, 0), excludes(parts, numberOf("shadow"))],
    asserts: [
      seen(failureLeavesNothing, [parts, area], (state) => ({
        command: undefined,
        response: { kind: "refused", failing: leaves(state) },
      })),
      ...[nofailIsServed, sectionsEnd].map((law) =>
        seen(law, [section, mask, context], (state) => ({
          command: callOf(cpu, state),
          response: { returned: { granted: false, inSection: section.get(state) === 1 } },
        })),
      ),
    ],
  };
}
