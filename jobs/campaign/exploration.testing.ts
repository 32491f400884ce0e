/** A machine that is visited in a second, and what explorations of it have in common wherever its states lie. */
import type { Explored } from "../../engine/search/visitable.ts";
import { type Exploration, explore } from "../explore/explore.ts";
import type { SubjectRef } from "../subject.ts";

/** What does not depend on who was faster, nor on where the states lie. */
export const counted = ({
  states,
  edges,
  depth,
  ended,
  verdict,
  deadlocks,
  fired,
  witnesses,
  violations,
}: Explored) => ({
  ...{ states, edges, depth, ended, verdict, deadlocks },
  fired: [...fired],
  witnesses: [...witnesses],
  lengths: violations.map(({ law, run }) => `${law} ${run.length}`).sort(),
});

export const found = ({ result, reports }: Exploration) => ({
  ...counted(result),
  reports: reports.map(({ law, bug, history }) => `${law} ${bug} ${history.length}`).sort(),
});

/** The protocol of db64fe02 in a scope that is visited in a second. */
export const LAZY_UNMAP: SubjectRef = {
  machine: "lazy-unmap",
  parameters: { V: 3, F: 2, C: 2 },
  merged: false,
  orders: "all",
};
export const BOUNDS = { states: 1e7, ends: "any", bytes: 1e9 };

export const local = async () =>
  counted((await explore("lazy-unmap", { scope: "V=3,F=2,C=2", symmetry: "off" })).result);
