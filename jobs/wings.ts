/** All wings. A new wing is its folders and one entry here. */

import { INTERLEAVED as GATHER_INTERLEAVED } from "../counterexamples/gather/interleavings.ts";
import { BUGS } from "../counterexamples/vmap/index.ts";
import { INTERLEAVED } from "../counterexamples/vmap/interleavings.ts";
import { KERNELS } from "../kernels/vmap/index.ts";
import { STEP_PROTOCOLS } from "../protocols/gather/index.ts";
import { PROTOCOLS } from "../protocols/vmap/index.ts";
import { LAWS } from "../spec/vmap/laws/index.ts";
import { RELEASES } from "../spec/vmap/releases.ts";
import type { Wing } from "../spec/wing.ts";

const vmap: Wing = {
  name: "vmap",
  laws: LAWS,
  releases: RELEASES,
  kernels: KERNELS,
  bugs: [...BUGS, ...INTERLEAVED],
  machines: PROTOCOLS,
  // Loaded on demand: the library that checks the form takes long to load.
  async *recordings(file) {
    const { readRecording } = await import("../adapters/vmap/recording.ts");
    yield* readRecording(file);
  },
};

/** Its step grain alone. */
const gather: Wing = {
  name: "gather",
  laws: [],
  releases: [],
  kernels: [],
  bugs: GATHER_INTERLEAVED,
  machines: STEP_PROTOCOLS,
  async *recordings() {},
};

export const WINGS: readonly Wing[] = [vmap, gather];
