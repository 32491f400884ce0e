/** What each release answers to calls outside their domain: docs/findings.md says from where each is known. */
import { describe, expect, test } from "vitest";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import type { Alloc, Command, Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { argumentDomain, outsideOf } from "../../spec/vmap/laws/domain.ts";
import type { Outside } from "../../spec/vmap/outside.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { kernelStandingFor } from "../versions.ts";
import { kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "outside",
  wordPages: 256,
  cpus: 1,
  lazyMaxPages: 64,
  vmalloc: { vstart: 64, vend: 96 },
  blockPages: 4,
  bitsPerLong: 2,
  sizes: [],
  aligns: [],
  windows: [],
};
const ALLOC: Alloc = { op: "alloc", size: 3, align: PAGE_SIZE, vstart: 64, vend: 96, map: true };
const MAP: Command = { op: "mapRam", cpu: 0, count: 2 };
const LARGE: Command = { op: "mapRam", cpu: 0, count: 3 };
const GET: Command = { op: "pcpuGet", offsets: [0], sizes: [2], align: PAGE_SIZE };
/** Nothing is placed there before the first command. */
const FIRST = 64;
const free = (start: number): Command => ({ op: "free", start });
const unmap = (start: number, count: number): Command => ({ op: "unmapRam", cpu: 0, start, count });
const freePercpu = (start: number): Command => ({ op: "pcpuFree", start, offsets: [0] });

/** Of a label, or of any version that one kernel stands for. */
function kernelOf(word: string): Kernel<State> {
  const version = versionOf(word);
  const kernel = kernelCalled(word) ?? (version && kernelStandingFor(version));
  if (kernel === undefined) throw new RangeError(`no kernel stands for ${word}`);
  return kernel;
}

/** A call, what came before it, and which kind of call outside its domain it is. */
interface Case {
  readonly kind: Outside;
  readonly before: readonly Command[];
  readonly call: Command;
}

const CASES: Readonly<Record<string, Case>> = {
  "an area of no page": { kind: "allocOfNothing", before: [], call: { ...ALLOC, size: 0, map: false } },
  "a map of no page": { kind: "mapOfNothing", before: [], call: { op: "mapRam", cpu: 0, count: 0 } },
  "vmap of no page": { kind: "vmapOfNothing", before: [], call: { op: "vmap", count: 0 } },
  "a free where nothing is": { kind: "freeNowhere", before: [], call: free(80) },
  "a free of what was purged": {
    kind: "freeNowhere",
    before: [ALLOC, free(FIRST), { op: "purge" }],
    call: free(FIRST),
  },
  "a second free": { kind: "freeAgain", before: [ALLOC, free(FIRST)], call: free(FIRST) },
  "a free in an area": { kind: "freeElsewhere", before: [ALLOC], call: free(FIRST + 1) },
  "a free of a large map": { kind: "freeElsewhere", before: [LARGE], call: free(FIRST) },
  "a free of a block": { kind: "freeElsewhere", before: [MAP], call: free(FIRST) },
  "an unmap of no page": { kind: "unmapOfNothing", before: [MAP], call: unmap(FIRST, 0) },
  "an unmap off any block": { kind: "unmapOffBlocks", before: [], call: unmap(80, 1) },
  "an unmap of fewer pages": { kind: "unmapInBlock", before: [MAP], call: unmap(FIRST, 1) },
  "a second unmap": {
    kind: "unmapInBlock",
    before: [MAP, MAP, unmap(FIRST, 2)],
    call: unmap(FIRST, 2),
  },
  "a large unmap of nothing": { kind: "unmapNowhere", before: [], call: unmap(80, 3) },
  "a second large unmap": { kind: "unmapAgain", before: [LARGE, unmap(FIRST, 3)], call: unmap(FIRST, 3) },
  "a large unmap of an area": { kind: "unmapElsewhere", before: [ALLOC], call: unmap(FIRST, 3) },
  "percpu areas freed again": {
    kind: "percpuFreeElsewhere",
    before: [GET, freePercpu(94)],
    call: freePercpu(94),
  },
};

/** What the caller sees: refused, warned about, stopped, or neither (done), and whether anything was changed. */
type Seen = "hangs" | "refused" | "warned" | "done" | "stops" | "obeyed" | "warned, obeyed" | "placed";

const ALIKE = {
  "2.6.27": ["2.6.27"],
  "2.6.28": ["2.6.28"],
  "2.6.28.10": ["2.6.28.10"],
  "2.6.33": ["piggin-draft-1", "piggin-draft-3"],
  "2.6.37": ["2.6.37", "2.6.39", "3.1", "3.5"],
  "3.6": ["3.6", "3.9"],
  "3.10": ["3.10", "3.10.4", "3.10.65"],
  "3.11": ["3.16"],
  "4.1": ["4.4"],
  "4.7": ["4.15.0", "4.17", "4.15.18-ubuntu"],
  "4.18": ["4.18", "4.19", "5.0", "5.0.1"],
  "5.1": ["5.1", "5.2"],
  "5.4": ["5.4", "5.10", "5.11", "5.17", "6.1", "6.2"],
  "6.3": ["6.3", "6.4", "6.5", "6.8"],
  "6.9": ["6.12", "6.19", "7.2"],
} as const;
type Since = keyof typeof ALIKE;

/** From which release on it is answered so. 2.6.27 has no vm_map_ram. */
const ANSWERS: Readonly<Record<string, Partial<Record<Since, Seen>>>> = {
  "an area of no page": { "2.6.27": "refused", "2.6.28": "placed", "2.6.28.10": "stops", "6.3": "refused" },
  "a map of no page": { "2.6.28": "stops", "2.6.33": "hangs", "3.6": "stops", "6.9": "refused" },
  "vmap of no page": { "2.6.27": "refused" },
  "a free where nothing is": { "2.6.27": "warned", "4.18": "stops", "5.1": "warned" },
  "a free of what was purged": { "2.6.27": "warned", "4.18": "stops", "5.1": "warned" },
  "a second free": { "2.6.27": "warned", "2.6.28": "stops", "3.10": "warned" },
  "a free in an area": { "2.6.27": "warned", "3.11": "obeyed" },
  "a free of a large map": { "2.6.28": "warned" },
  "a free of a block": { "2.6.28": "warned" },
  "an unmap of no page": { "2.6.28": "stops" },
  "an unmap off any block": { "2.6.28": "stops" },
  "an unmap of fewer pages": { "2.6.28": "done", "2.6.37": "obeyed" },
  "a second unmap": { "2.6.28": "obeyed", "2.6.33": "stops", "4.1": "obeyed" },
  "a large unmap of nothing": { "2.6.28": "stops", "6.3": "warned" },
  "a second large unmap": { "2.6.28": "obeyed", "4.7": "stops", "6.3": "warned" },
  "a large unmap of an area": { "2.6.28": "obeyed" },
  "percpu areas freed again": { "5.1": "stops" },
};

function seen(
  { before, call }: Case,
  kernel: Kernel<State>,
): { readonly reply: Response; readonly seen: Seen } {
  const state = kernel.initial(SCOPE);
  const lazy = before.map((command) => kernel.act(state, command)).at(-1)?.lazyPages ?? 0;
  const reply = kernel.act(state, call);
  if (reply.kind === "bug") return { reply, seen: "stops" };
  if (reply.kind === "hung") return { reply, seen: "hangs" };
  if (reply.kind === "placed" || reply.kind === "refused") return { reply, seen: reply.kind };
  const changes = reply.pteCleared > 0 || reply.flushes.length > 0 || reply.lazyPages !== lazy;
  if (reply.warning === undefined) return { reply, seen: changes ? "obeyed" : "done" };
  return { reply, seen: changes ? "warned, obeyed" : "warned" };
}

/** Each case on each label, with what is expected there. */
const ALL = Object.entries(ANSWERS).flatMap(([what, answers]) => {
  let expected: Seen | undefined;
  return (Object.keys(ALIKE) as Since[]).flatMap((since) => {
    expected = answers[since] ?? expected;
    const answer = expected;
    if (answer === undefined) return [];
    const labels = what.startsWith("percpu") && since === "5.1" ? (["5.2"] as const) : ALIKE[since];
    return labels.map((label) => ({ what, label, answer }));
  });
});

describe("a call outside its domain", () => {
  test.each(ALL)("The call outside its domain $what is $answer on $label", ({ what, label, answer }) => {
    const kernel = kernelOf(label);
    expect(seen(CASES[what] as Case, kernel).seen).toBe(answer);
  });

  test.each(ALL)(
    "The call outside its domain $what keeps argument-domain on $label if the release answers it",
    ({ what, label }) => {
      const kernel = kernelOf(label);
      const { kind, before, call } = CASES[what] as Case;
      const spec = vmapSpec(kernel.release);
      const state = kernel.initial(SCOPE);
      const world = before.reduce((now, command) => {
        const next = spec.after(now, command, kernel.act(state, command));
        if (next === undefined) throw new Error(`${label} stops before`);
        return next;
      }, spec.initial(SCOPE));
      // To 2.6.27 nothing is lazy.
      expect(outsideOf(world, call)).toBe(label === "2.6.27" && kind === "freeAgain" ? "freeNowhere" : kind);
      const reply = kernel.act(state, call);
      const holds = argumentDomain.holds(world, call, reply, spec.after(world, call, reply));
      const is = seen({ kind, before, call }, kernel).seen;
      // A release that promises better than to stop has a bug: B28, C14.
      const isBug = ["stops", "hangs"].includes(is) && kernel.release.outside[kind] === "refused";
      if (isBug) expect(["mapOfNothing", "freeNowhere"]).toContain(kind);
      else if (kernel.release.outside[kind] !== "unchecked") expect(holds).toBe(true);
      expect(holds).toBe(!isBug && !["obeyed", "placed"].includes(is));
    },
  );

  test("A stop at a call outside its domain violates argument-domain only if the release warns there", () => {
    const stopped: Response = { kind: "bug", text: "BUG()", flushes: [], pteSet: 0, pteCleared: 0 };
    const holdsOn = (label: string, call: Command) => {
      const world = vmapSpec(kernelOf(label).release).initial(SCOPE);
      return argumentDomain.holds(world, call, stopped, undefined);
    };
    expect([holdsOn("6.1", free(80)), holdsOn("6.4", unmap(80, 3))]).toEqual([false, false]);
    expect([holdsOn("6.1", unmap(80, 3)), holdsOn("6.1", unmap(80, 1))]).toEqual([true, true]);
  });
});

describe("from 6.3 on a vfree of what vm_map_ram gave", () => {
  const replies = (label: string, ...commands: readonly Command[]) => {
    const kernel = kernelOf(label);
    const state = kernel.initial(SCOPE);
    return commands.map((command) => kernel.act(state, command));
  };

  test.each(["6.3", "6.4", "6.12"])(
    "From 6.3 on a vfree of an area of vm_map_ram removes it from the tree nevertheless: %s",
    (label) => {
      const [, , found, unmapped] = replies(
        label,
        LARGE,
        free(FIRST),
        { op: "find", page: FIRST },
        unmap(FIRST, 3),
      );
      expect(found).toMatchObject({ kind: "found", start: null });
      expect(unmapped).toMatchObject({ kind: "done", warning: expect.any(String), pteCleared: 0 });
    },
  );

  test("Before 6.3 a vfree of an area of vm_map_ram leaves it in the tree: 6.1", () => {
    const [, , found, unmapped] = replies(
      "6.1",
      LARGE,
      free(FIRST),
      { op: "find", page: FIRST },
      unmap(FIRST, 3),
    );
    expect(found).toMatchObject({ kind: "found", start: FIRST });
    expect(unmapped).toMatchObject({ kind: "done", pteCleared: 3 });
    expect(unmapped?.warning).toBeUndefined();
  });

  test.each(["6.3", "6.4", "6.12"])(
    "From 6.3 on a vfree of a block leaves its maps able to be unmapped: %s",
    (label) => {
      const calls = [MAP, MAP, free(FIRST), unmap(FIRST, 2), unmap(FIRST + 2, 2), { op: "purge" }] as const;
      const [, , , , last, purge] = replies(label, ...calls);
      expect(last).toMatchObject({ kind: "done", pteCleared: 2, lazyPages: 4 });
      expect(purge).toMatchObject({ kind: "done", lazyPages: 0 });
    },
  );
});
