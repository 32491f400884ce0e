/** A user of the guarantee at the step grain: frames are mapped, unmapped, purged, and pinned by a policy. */
import { clears, inCase, sets } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { type Field, Layout } from "../../../engine/search/layout.ts";
import { pinnedIsUnaliased } from "../../../spec/vmap/laws/translation.ts";
import { done, keeps } from "../../call-assertions.ts";
import { IDLE, type Step, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import {
  type CpuFields,
  fieldsOf,
  fills,
  flushes,
  hasPte,
  isTranslated,
  mappings,
  maps,
  type NotingRules,
  PINNED,
  type Pins,
  type PinsScope,
  purgeAlone,
  purges,
  STOCKED,
  TAKEN,
  tlbsOf,
  UNUSED,
  unmaps,
} from "./vmap.ts";

// How a frame is pinned as a page table: the policies of docs/pinning.md as phases, each in its simplest form and, if
// that fails, in one that holds.

export interface Policy {
  readonly noting: NotingRules;
  /** The steps of a pin, without those of the purge that it may need. */
  pins(m: Pins, cpu: CpuFields): readonly Step[];
  /** Where a purge on this CPU continues: at the pin, or nowhere if the worker began it. */
  continues(cpu: CpuFields): readonly Pick<Step, "says" | "to" | "when">[];
}

const plain: NotingRules = { notes: "nothing", uncounts: "when released" };

/** The worker's purge ends; a pinner's continues. */
const backTo =
  (to: string) =>
  ({ frame }: CpuFields) => [
    { says: "returns", to: IDLE, when: [has(frame, 0)] },
    { says: "vm_unmap_aliases returns", to, when: [hasNot(frame, 0)] },
  ];

/** An unused frame is taken for a page table. */
const takes = (m: Pins, cpu: CpuFields, to: string): Step[] =>
  m.used.map((used, frame) => ({
    at: IDLE,
    says: `takes frame ${frame} for a page table`,
    to,
    when: [has(used, UNUSED)],
    does: [sets(used, TAKEN), sets(cpu.frame, frame + 1)],
  }));

/** The pin itself, of one frame. */
const pinsFrame = (m: Pins, cpu: CpuFields, frame: number, at: string): Step => ({
  at,
  says: `pins frame ${frame}; returns`,
  to: IDLE,
  asserts: [
    keeps(pinnedIsUnaliased, mappings(m), (state) => ({
      command: { op: "pin" },
      response: {
        ...done,
        kind: "pinned",
        frame,
        traps: 0,
        swept: false,
        ptes: hasPte(m, state, frame) ? 1 : 0,
      },
      before: { initialised: true },
      after: { mayBeMapped: (pinned) => hasPte(m, state, pinned) || isTranslated(m, state, pinned) },
    })),
  ],
  does: [sets(m.used[frame] as Field, PINNED), sets(cpu.frame, 0)],
});

const pinsTaken = (m: Pins, cpu: CpuFields): Step[] =>
  m.used.map((_used, frame) => ({ ...pinsFrame(m, cpu, frame, "pin"), when: [has(cpu.frame, frame + 1)] }));

/** The page table and its frame are freed. */
const unpins = (m: Pins): Step[] =>
  m.used.map((used, frame) => ({
    at: IDLE,
    says: `unpins frame ${frame}`,
    to: IDLE,
    when: [has(used, PINNED)],
    does: sets(used, UNUSED),
  }));

const always: Policy = {
  noting: plain,
  pins: (m, cpu) => [...takes(m, cpu, "purge lock"), ...pinsTaken(m, cpu)],
  continues: backTo("pin"),
};

/** Sweeps only if something is counted as lazy. */
const ifOutstanding = (uncounts: NotingRules["uncounts"]): Policy => ({
  noting: { notes: "nothing", uncounts },
  pins: (m, cpu) => [
    ...takes(m, cpu, "looks at vmap_lazy_nr"),
    ...asks(m.lazyNr, "looks at vmap_lazy_nr", "lazy page counted", "purge lock"),
    ...pinsTaken(m, cpu),
  ],
  continues: backTo("pin"),
});

/** Continues with the pin if the field is 0, with a sweep if not. */
const asks = (field: Field, at: string, what: string, sweep: string, when: Step["when"] = []): Step[] => [
  { at, says: `finds no ${what}`, to: "pin", when: [has(field, 0), ...when] },
  { at, says: `finds some ${what}`, to: sweep, when: [hasNot(field, 0), ...when] },
];

const asksOfFrame = (m: Pins, cpu: CpuFields, sweep = "purge lock"): Step[] =>
  m.noted.flatMap((noted, frame) =>
    asks(noted, "looks at its frame", `alias noted of frame ${frame}`, sweep, [has(cpu.frame, frame + 1)]),
  );

/** Sweeps only if this frame has a bit; after a sweep all bits are cleared. */
const bitPerFrame: Policy = {
  noting: { notes: "a bit", uncounts: "when released" },
  pins: (m, cpu) => [
    ...takes(m, cpu, "looks at its frame"),
    ...asksOfFrame(m, cpu),
    {
      at: "clear bits",
      says: "clears all bits",
      to: "pin",
      does: clears(...m.noted),
    },
    ...pinsTaken(m, cpu),
  ],
  continues: backTo("clear bits"),
};

/** The same with a count in place of the bit; the purge decrements it when it releases. */
const countPerFrame: Policy = {
  noting: { notes: "a count", uncounts: "when released" },
  pins: (m, cpu) => [...takes(m, cpu, "looks at its frame"), ...asksOfFrame(m, cpu), ...pinsTaken(m, cpu)],
  continues: backTo("pin"),
};

/**
 * Takes a frame from the stock. If the stock is empty, takes a free frame and sweeps; the frame joins the stock before
 * or after the sweep.
 */
const stock = (stocked: "before the sweep" | "after the sweep"): Policy => ({
  noting: plain,
  pins: (m, cpu) => {
    const none = m.used.map((used) => hasNot(used, STOCKED));
    return [
      ...m.used.map((used, frame) => ({
        ...pinsFrame(m, cpu, frame, IDLE),
        says: `takes frame ${frame} from the stock and pins it`,
        when: [has(used, STOCKED)],
      })),
      ...takes(m, cpu, "purge lock").map((step, frame) => ({
        ...step,
        says: `the stock is empty: takes frame ${frame}`,
        when: [...none, ...(step.when ?? [])],
        does: [
          sets(m.used[frame] as Field, stocked === "before the sweep" ? STOCKED : TAKEN),
          sets(cpu.frame, frame + 1),
        ],
      })),
      ...m.used.map((used, frame) => ({
        at: "stock",
        says: `frame ${frame} is stock`,
        to: IDLE,
        when: [has(cpu.frame, frame + 1)],
        does: [inCase(has(used, TAKEN), sets(used, STOCKED)), sets(cpu.frame, 0)],
      })),
    ];
  },
  continues: backTo("stock"),
});

/** The host stops every CPU, flushes every TLB, and clears all notes: one step for the guest. */
const hostRepairs: Policy = {
  noting: { notes: "a bit", uncounts: "when released" },
  pins: (m, cpu) => [
    ...takes(m, cpu, "looks at its frame"),
    ...asksOfFrame(m, cpu, "trap"),
    {
      at: "trap",
      says: "the host flushes every CPU and clears all bits",
      to: "pin",
      does: clears(...tlbsOf(m), ...m.noted),
    },
    ...pinsTaken(m, cpu),
  ],
  continues: () => [{ says: "returns", to: IDLE }],
};

export const POLICIES: Readonly<Record<string, Policy>> = {
  always,
  /** vmap_lazy_nr as counted up to 4.9, and from 4.10 on. */
  "if-outstanding": ifOutstanding("when gathered"),
  "if-outstanding-counted-till-released": ifOutstanding("when released"),
  "bit-per-frame": bitPerFrame,
  "count-per-frame": countPerFrame,
  "stocked-before-sweep": stock("before the sweep"),
  "stocked-after-sweep": stock("after the sweep"),
  "host-repairs": hostRepairs,
};

// The machine.

export function pinsMachine(name: string, scope: PinsScope, policy: Policy): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...maps(m, cpu),
      ...unmaps(policy.noting)(m, cpu),
      purgeAlone(m),
      ...purges(policy.noting)(m, cpu, policy.continues(cpu)),
      ...policy.pins(m, cpu),
      ...unpins(m),
    ],
    hardware: (cpu) => [flushes(m, cpu), ...fills(m, cpu)],
    isSymmetric: true,
    legend:
      "pages: M mapped, u being unmapped, L lazy, P being purged, each with its frame; frames: m mapped, t taken, s in stock, X pinned; TLB: by page, the frame",
    draw: (state) => ({
      pages: m.life
        .map((life, page) => `${".MuLP"[life.get(state)]}${m.maps[page]?.get(state) || " "}`)
        .join(" "),
      frames: m.used.map((used) => ".mtsX"[used.get(state)]).join(""),
      ...Object.fromEntries(
        m.cpus.map(({ index, tlb }) => [`TLB ${index}`, tlb.map((held) => held.get(state) || "-").join("")]),
      ),
    }),
  });
}
