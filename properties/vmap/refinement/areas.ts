/** Views of the protocols of areas and of the kernels. */

import { Layout } from "../../../engine/search/layout.ts";
import { frameOf, type PageMap } from "../../../kernels/hardware/page-map.ts";
import * as areas from "../../../protocols/vmap/areas/fields.ts";
import { type AreasOrder, areasMachine } from "../../../protocols/vmap/areas/machine.ts";
import type { Promises } from "../../../spec/vmap/promises.ts";
import type { Abstraction, Ran, View } from "./compare.ts";
import { answerOf, bits, hull, list, memoryOf, numberIn, Places, placed, upTo } from "./places.ts";

/**
 * Of the places in a pool the protocol takes the lowest, and the kernel the one released last: they are not followed.
 */
interface OfAreas {
  readonly places: number;
  readonly lazyMax: number;
  /** CPUs that call, one after another. */
  readonly cpus: number;
  /** Whether CPUs translate what is mapped. */
  readonly caches: boolean;
}

export function ofAreas(
  order: AreasOrder,
  release: Promises,
  { places: count, lazyMax, cpus, caches }: OfAreas,
): Abstraction {
  const scope = { cpus, places: count, lazyMax, caches };
  const machine = areasMachine("areas", scope, order);
  const m = areas.fieldsOf(new Layout(), scope);
  const places = new Places(count, 1, release);
  const lives = (state: Int32Array) => m.life.map((life) => ".BLPp"[life.get(state)]).join("");
  return {
    machine,
    scope: places.scope({ cpus, lazyMaxPages: lazyMax }),
    commandsOf: ({ says, cpu }) => {
      if (says === "alloc_vmap_area") return [[places.alloc(undefined, cpu)]];
      // No kernel here has that call: its result is not compared.
      if (says.startsWith("set_iounmap_nonlazy")) return [];
      const start = places.addressOf(numberIn(says));
      if (says.startsWith("vunmap")) return [[{ op: "free", start }]];
      if (says.startsWith("caches area")) return [[{ op: "touch", cpu, page: start }]];
      throw new Error(`areas: what is ${says}?`);
    },
    answer: (run) => {
      const flushes = run
        .filter(({ action }) => action.says === "takes all that is lazy")
        .map(({ after }) =>
          hull(m.life.flatMap((life, place) => (life.get(after) === areas.PURGING ? [place] : []))),
        );
      return { ...placedIn(run, lives), flushes: list(flushes) };
    },
    isCut: ({ at }, reply, _responses, run) => {
      const lifeAt = (place: string | undefined) => m.life[Number(place)]?.get((run[0] as Ran).before);
      return at !== reply.at && lifeAt(at) === areas.POOLED && lifeAt(reply.at) === areas.POOLED;
    },
    reply: (response) => placed(answerOf(response, places), response, (start) => places.pageAt(start)),
    // A flush here drops what is purged, and the kernel's flush everything between as well. That is held, and returns
    // at once.
    touched: (state, { memory: { tlbs } }) =>
      m.cpus.flatMap(({ index: cpu, tlb }) =>
        upTo(count).flatMap((place) => {
          const page = places.addressOf(place);
          const isHeld = m.life[place]?.get(state) === areas.BUSY && ((tlb.get(state) >>> place) & 1) === 1;
          return isHeld && frameOf(tlbs[cpu] as PageMap, page) === 0
            ? [{ op: "touch", cpu, page } as const]
            : [];
        }),
      ),
    stateOf: (state) => ({
      lives: lives(state),
      lazy: `${areas.counted(m, state)}`,
      ptes: bits(m.ptes.get(state)),
      ...Object.fromEntries(m.cpus.map(({ index, tlb }) => [`tlb ${index}`, bits(tlb.get(state))])),
    }),
    kernelStateOf: (state, kernel) => {
      const dump = kernel.dump(state);
      return { lives: places.lives(dump), lazy: `${dump.lazyPages}`, ...memoryOf(state, places, cpus) };
    },
  };
}

/** The result of an allocation's run, by the place that it took. */
function placedIn(run: readonly Ran[], lives: (state: Int32Array) => string): View {
  const { says } = (run[0] as Ran).action;
  if (says.startsWith("caches")) return { kind: "reached" };
  if (!says.startsWith("alloc")) return { kind: "done" };
  const finds = run.find(({ action }) => action.says.startsWith("finds a place"));
  if (finds === undefined) return { kind: "refused" };
  const [before, after] = [lives(finds.before), lives(finds.after)];
  const place = [...after].findIndex((life, at) => life !== before[at]);
  return { kind: "placed", at: `${place}` };
}
