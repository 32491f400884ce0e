/** All wings. A new wing is its folders and one entry here. */
import { BUGS } from "../counterexamples/vmap/index.ts";
import { INTERLEAVED } from "../counterexamples/vmap/interleavings.ts";
import { KERNELS as GATHER_KERNELS } from "../kernels/gather/index.ts";
import { KERNELS } from "../kernels/vmap/index.ts";
import { PROTOCOLS } from "../protocols/vmap/index.ts";
import { LAWS as GATHER_LAWS } from "../spec/gather/laws/index.ts";
import { RELEASES as GATHER_RELEASES } from "../spec/gather/releases.ts";
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

const gather: Wing = {
  name: "gather",
  laws: GATHER_LAWS,
  releases: GATHER_RELEASES,
  kernels: GATHER_KERNELS,
  bugs: [],
  machines: [],
  async *recordings(file) {
    const { readRecording } = await import("../adapters/gather/recording.ts");
    yield* readRecording(file);
  },
};

export const WINGS: readonly Wing[] = [vmap, gather];
