/** The whole wing gather. */
import { conform } from "../../adapters/gather/conform.ts";
import { formatHistory, historyIn } from "../../adapters/gather/history-file.ts";
import { judgeReplies } from "../../adapters/gather/judge-recording.ts";
import { readRecording, type Trace } from "../../adapters/gather/recording.ts";
import { inputError } from "../../adapters/input-error.ts";
import { kernelCalled } from "../../kernels/gather/index.ts";
import { gatherSpec } from "../../model/gather/after.ts";
import { benchFor } from "../../properties/gather/bench.ts";
import { lawsCalled } from "../../spec/gather/laws/index.ts";
import { type Promises, RELEASES } from "../../spec/gather/releases.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Judging, OpenWing, RecordedTrace } from "../../spec/wing.ts";
import { orNearest } from "../usage-error.ts";
import { cutTrace } from "./cut-recording.ts";
import { GATHER } from "./wing.ts";

interface GatherJudging extends Judging<GatherTerms> {
  readonly promises: Promises;
}

/** Laws about what only an observer sees, which no recording has. */
const UNOBSERVABLE: readonly string[] = [
  "table-after-walkers",
  "freed-not-reached",
  "freed-table-not-walked",
  "unlinked-is-flushed",
  "one-hash-entry",
];

export const OPEN_GATHER: OpenWing<GatherTerms> = {
  ...GATHER,
  files: {
    historyIn,
    formatHistory,
    asWritten: (step) => step,
    scopeOf: ({ scope }) => scope,
    recordings,
    conform(kernel, trace: Trace & RecordedTrace<GatherTerms>) {
      return conform(kernel, trace);
    },
  },
  bench: benchFor,
  lawsFor: ({ promises }) => lawsCalled(promises),
  whyUnmodelled: () => undefined,
  inheritanceOf: () => ({ violations: new Set(), gone: [] }),
  modelOf({ file, line, label, cut }) {
    if (cut !== undefined)
      throw inputError(file, line, "cut: only a whole trace can be compared with a model");
    const found = kernelCalled(label);
    if (found !== undefined) return found;
    throw inputError(file, line, `version: there is no model of ${JSON.stringify(label)}`);
  },
  judgingOf({ label, file, line, cut }, { as, law }): GatherJudging {
    const promises = promisesFor(as ?? label, as === undefined ? { file, line } : undefined);
    const by = as === undefined ? undefined : `the promises of ${as}`;
    if (cut !== undefined) return judgingOfCut({ file, line, cut }, law, { promises, release: label, by });
    const ids = law === undefined ? promises.laws : [...new Set([...promises.laws, law])];
    const unseen = ids.filter((id) => UNOBSERVABLE.includes(id));
    return {
      promises,
      promised: promises.laws,
      laws: lawsCalled(ids.filter((id) => !unseen.includes(id))),
      unseen,
      release: label,
      by,
    };
  },
  *judgeRecorded({ promises, laws }: GatherJudging, trace) {
    const last = trace.exchanges.length - 1;
    for (const reply of judgeReplies(gatherSpec(promises), laws, trace))
      yield trace.cut === undefined || reply.index === last ? reply : { ...reply, laws: [], following: [] };
  },
  cut: (trace: Trace & RecordedTrace<GatherTerms>, { promises }: GatherJudging, violating, law) =>
    cutTrace(trace, promises, violating, law),
  stopText: () => undefined,
  search: async () => (await import("./search.ts")).SEARCH_GATHER,
};

async function* recordings(file: string): AsyncGenerator<RecordedTrace<GatherTerms>> {
  for await (const trace of readRecording(file))
    yield { ...trace, requests: trace.exchanges.map(({ command }) => command) };
}

/** A cut has what one law needs at its last step. It proves nothing on other laws and other steps. */
function judgingOfCut(
  { file, line, cut }: Required<Pick<RecordedTrace<GatherTerms>, "file" | "line" | "cut">>,
  asked: string | undefined,
  { promises, release, by }: { promises: Promises; release: string; by: string | undefined },
): GatherJudging {
  const law = cut?.law as string;
  if (asked !== undefined && asked !== law)
    throw inputError(file, line, `cut.law: it was cut for ${law}, and says nothing of ${asked}`);
  const alone = `at its last step by ${law} alone`;
  return {
    ...{ promises, promised: promises.laws, laws: lawsCalled([law]), unseen: [], release },
    by: by === undefined ? alone : `${by}; ${alone}`,
  };
}

function promisesFor(label: string, recorded: { file: string; line: number } | undefined): Promises {
  const find = (word: string) => RELEASES.find(({ labels }) => labels.includes(word));
  const found = find(label);
  if (found !== undefined) return found;
  if (recorded === undefined)
    return orNearest(
      "kernel",
      label,
      find,
      RELEASES.flatMap(({ labels }) => labels),
    );
  const { file, line } = recorded;
  throw inputError(file, line, `version: no gather here is called ${JSON.stringify(label)}: say --as LABEL`);
}
