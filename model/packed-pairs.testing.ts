/** Holds the packed world and the reference side by side, for the tests that they are equal. */
import type { Command, Response } from "../spec/commands.ts";
import { LAWS } from "../spec/laws/index.ts";
import type { Promises } from "../spec/releases.ts";
import type { Scope } from "../spec/scope.ts";
import { witnessesFor } from "../spec/witnesses.ts";
import type { World } from "../spec/world.ts";
import type { Owner } from "./area.ts";
import type { ImmutableWorld } from "./immutable-world.ts";
import {
  AREA,
  BLOCK,
  BUSY,
  BY,
  BY_ALLOC,
  BY_MAP,
  BY_PERCPU,
  BY_VMAP,
  COUNT,
  CPU,
  DEAD,
  DEAD_FRAME,
  END,
  EXTENT,
  FRAME,
  GIVEN,
  GIVEN_BACK,
  HELD,
  HELD_MAPS,
  LIFE,
  MAP,
  MAP_FRAME,
  MAPPED,
  MAPS,
  NO_BLOCK,
  NO_NODE,
  NODE,
  type Packed,
  PTES,
  START,
  TRANSLATION,
} from "./packed-layout.ts";
import { type PackedSpec, packedSpec } from "./packed-spec.ts";
import type { PackedWorld } from "./packed-world.ts";
import { type VmapSpec, vmapSpec } from "./vmap-spec.ts";

/** Records of this stride, one array each. */
function records(packed: Packed, stride: number): number[][] {
  const all: number[][] = [];
  for (let at = 0; at < packed.length; at += stride) all.push(packed.slice(at, at + stride));
  return all;
}

/** A world as a plain record, whichever kind it is. */
export function plain(world: ImmutableWorld | PackedWorld) {
  const { initialised, lazyPages, ptes, held, leakedDescriptors, nextFrame, pooled } = world;
  const scalars = { initialised, lazyPages, ptes, held, leakedDescriptors, nextFrame, pooled };
  return { ...scalars, ...("tlbs" in world ? plainReference(world) : plainPacked(world)) };
}

function plainReference(world: ImmutableWorld) {
  return {
    areas: world.areas.map(({ start, end, life, by, mapped, frame, block, node }) => {
      const maps = block?.maps.map(({ start, end, count, frame, held }) => {
        return { start, end, count, frame, held };
      });
      const { cpu, given, givenBack, held } = block ?? {};
      return {
        start,
        end,
        life,
        by,
        mapped,
        frame,
        block: block && { cpu, given, givenBack, held, maps },
        node,
      };
    }),
    dead: world.dead.map(({ start, end, frame, ptes }) => ({ start, end, frame, ptes })),
    unflushed: world.unflushed.map(({ start, end }) => ({ start, end })),
    tlb: [...world.tlbs]
      .flatMap(([cpu, tlb]) => [...tlb].map(([page, frame]) => [cpu, page, frame] as const))
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]),
  };
}

function plainPacked(world: PackedWorld) {
  return {
    areas: records(world.areas, AREA).map((area) => ({
      start: area[START],
      end: area[END],
      life: area[LIFE] === BUSY ? "busy" : "lazy",
      by: ownerOf(area[BY] as number),
      mapped: area[MAPPED],
      frame: area[FRAME],
      block: area[BLOCK] === NO_BLOCK ? undefined : plainBlock(world.blocks[area[BLOCK] as number] as Packed),
      node: area[NODE] === NO_NODE ? undefined : area[NODE],
    })),
    dead: records(world.dead, DEAD).map((dead) => ({
      start: dead[START],
      end: dead[END],
      frame: dead[DEAD_FRAME],
      ptes: ["gone", "perhaps", "there"][dead[PTES] as number],
    })),
    unflushed: records(world.unflushed, EXTENT).map(([start, end]) => ({ start, end })),
    tlb: records(world.tlb, TRANSLATION),
  };
}

function ownerOf(by: number): Owner {
  if (by === BY_ALLOC) return "alloc";
  if (by === BY_VMAP) return "vmap";
  return by === BY_MAP ? "map" : by - BY_PERCPU;
}

function plainBlock(block: Packed) {
  return {
    cpu: block[CPU],
    given: block[GIVEN],
    givenBack: block[GIVEN_BACK],
    held: block[HELD_MAPS],
    maps: records(block.slice(MAPS), MAP).map((map) => ({
      start: map[START],
      end: map[END],
      count: map[COUNT],
      frame: map[MAP_FRAME],
      held: map[HELD] === 1,
    })),
  };
}

/** Both specifications of a release. */
export interface BothSpecs {
  readonly promises: Promises;
  readonly reference: VmapSpec;
  readonly packed: PackedSpec;
}

export function bothSpecs(promises: Promises, packed: PackedSpec = packedSpec(promises)): BothSpecs {
  return { promises, reference: vmapSpec(promises), packed };
}

export interface Both {
  readonly reference: ImmutableWorld;
  readonly packed: PackedWorld;
  /** The same for worlds that are equal. */
  readonly key: string;
}

export function bothEmpty(specs: BothSpecs, scope: Scope): Both {
  return { reference: specs.reference.initial(scope), packed: specs.packed.initial(scope), key: "" };
}

export interface Compared {
  /** What differs, and how, or undefined. */
  readonly difference: string | undefined;
  /** Undefined where no world can follow. */
  readonly after: Both | undefined;
}

/** Lets both follow a reply; compares what they are then, what they enable, and every law and witness. */
export function compareStep(specs: BothSpecs, before: Both, command: Command, response: Response): Compared {
  freeze(before.packed);
  const reference = specs.reference.after(before.reference, command, response);
  const packed = specs.packed.after(before.packed, command, response);
  let difference: string | undefined;
  for (const law of LAWS) {
    const verdict = law.holds(before.reference, command, response, reference);
    if (law.holds(before.packed, command, response, packed) !== verdict) difference = `${law.id} ${verdict}`;
  }
  for (const witness of witnessesFor(specs.promises)) {
    const seen = witness.seen(before.reference, command, response, reference);
    if (witness.seen(before.packed, command, response, packed) !== seen) difference = `${witness.id} ${seen}`;
  }
  if (reference === undefined || packed === undefined) {
    if (reference !== packed) difference = "only one world follows";
    return { difference, after: undefined };
  }
  const [key, found] = [JSON.stringify(plain(reference)), JSON.stringify(plain(packed))];
  if (found !== key) difference = `${found} instead of ${key}`;
  return { difference, after: { reference, packed, key } };
}

/** What both answer to the questions of a World about these pages and frames, where they differ. */
export function compareAnswers(specs: BothSpecs, both: Both, from: number, to: number): string | undefined {
  const { reference, packed } = both;
  const { scope } = reference;
  for (const [question, ask] of questions(scope, from, to)) {
    const [expected, found] = [JSON.stringify(ask(reference)), JSON.stringify(ask(packed))];
    if (found !== expected) return `${question}: ${found} instead of ${expected}`;
  }
  const [expected, found] = [specs.reference.enabled(reference, scope), specs.packed.enabled(packed, scope)];
  return JSON.stringify([...expected]) === JSON.stringify([...found]) ? undefined : "enabled";
}

function* questions(scope: Scope, from: number, to: number): Iterable<[string, (world: World) => unknown]> {
  const pages = Array.from({ length: to - from }, (_none, nth) => from + nth);
  const extents = pages.flatMap((start) => [0, 1, 2, 3, 8].map((length) => ({ start, end: start + length })));
  yield [
    "areasIn",
    (world) =>
      extents.map((extent) =>
        (["taken", "gone"] as const).map((purgeable) =>
          world.areasIn(extent, purgeable).map(({ start, end, life, block, vmapped }) => {
            const { cpu, given, givenBack } = block ?? {};
            return { start, end, life, cpu, given, givenBack, vmapped };
          }),
        ),
      ),
  ];
  yield ["blockCanGive", (world) => extents.map((extent) => world.blockCanGive(extent))];
  yield ["unflushedIn", (world) => extents.map((extent) => world.unflushedIn(extent))];
  yield ["holdsMap", (world) => extents.map(({ start, end }) => world.holdsMap(start, end - start))];
  yield ["busyAt", (world) => pages.map((page) => [world.busyAt(page)?.start, world.busyAt(page)?.end])];
  yield ["frameAt", (world) => pages.map((page) => world.frameAt(page))];
  yield ["pteAt", (world) => pages.map((page) => world.pteAt(page))];
  const frames = Array.from({ length: 20 }, (_none, nth) => nth + 1);
  yield ["mayBeMapped", (world) => frames.map((frame) => world.mayBeMapped(frame))];
  yield ["lastMappedAt", (world) => frames.map((frame) => world.lastMappedAt(frame))];
  yield [
    "lowestFit",
    (world) =>
      extents.flatMap(({ start: vstart, end }) =>
        [1, 4096, 4 * 4096].flatMap((align) => {
          const request = { size: 1 + ((end - vstart) % 5), align, vstart, vend: to };
          return (["taken", "pools emptied", "gone"] as const).map((purgeable) =>
            world.lowestFit(request, purgeable),
          );
        }),
      ),
  ];
  yield [
    "lowestFree",
    (world) =>
      (["taken", "gone"] as const).map((purgeable) =>
        world.lowestFree({ size: 2, align: 2 * 4096, vstart: from, vend: to }, purgeable),
      ),
  ];
  yield [
    "highestCongruentFit",
    (world) =>
      [
        { offsets: [0], sizes: [1], align: 4096 },
        { offsets: [0, 3], sizes: [1, 2], align: 4096 },
        { offsets: [8, 0, 4], sizes: [2, 2, 4], align: 2 * 4096 },
      ].flatMap((congruent) => [
        world.highestCongruentFit(congruent, "taken"),
        world.highestCongruentFit(congruent, "gone"),
      ]),
  ];
  yield [
    "holdsPcpu",
    (world) =>
      pages.map((page) => [[0], [0, 2], [2, 0], [0, 4], [0, 3]].map((at) => world.holdsPcpu(page, at))),
  ];
  yield [
    "mayBePooled",
    (world) => extents.map((extent) => [0, 1].map((node) => world.mayBePooled(extent, node))),
  ];
  const cpus = Array.from({ length: scope.cpus }, (_none, cpu) => cpu);
  yield [
    "blockHasLeft",
    (world) => cpus.map((cpu) => [1, 2, 4, 8].map((pages) => world.blockHasLeft(cpu, pages))),
  ];
  yield ["fragmentedBlocks", (world) => [undefined, ...cpus].map((cpu) => world.fragmentedBlocks(cpu))];
  yield [
    "counts",
    ({ initialised, leakedDescriptors, lazyPages, releasedUnflushed, deadPtes, deadTranslations }) => {
      return [initialised, leakedDescriptors, lazyPages, releasedUnflushed, deadPtes, deadTranslations];
    },
  ];
}

/** Whoever writes to a world that was made throws. */
function freeze(world: PackedWorld): void {
  for (const array of [
    world.areas,
    world.dead,
    world.unflushed,
    world.tlb,
    world.blocks,
    ...world.blocks,
    world,
  ]) {
    if (!Object.isFrozen(array)) Object.freeze(array);
  }
}
