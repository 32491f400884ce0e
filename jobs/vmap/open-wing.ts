/** The whole wing vmap. */
import { inputError } from "../../adapters/input-error.ts";
import { conform } from "../../adapters/vmap/conform.ts";
import { askedFor, asWritten, formatHistory, historyIn } from "../../adapters/vmap/history-file.ts";
import { readRecording, type Trace } from "../../adapters/vmap/recording.ts";
import { kernelCalled } from "../../kernels/vmap/index.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import { MEMORY_LAWS, PROCESS_LAWS } from "../../spec/process.ts";
import { whyUnmodelled } from "../../spec/vmap/history.ts";
import { isPromised } from "../../spec/vmap/kernel.ts";
import { ALL_LAWS } from "../../spec/vmap/laws/index.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import type { OpenWing } from "../../spec/wing.ts";
import { releaseNamed } from "../names.ts";
import { labelAlike } from "../versions.ts";
import { cutLine, cutTrace } from "./cut-recording.ts";
import { inheritanceOf } from "./lineage.ts";
import { judgeRecorded, judgingOf, type RecordedReply, type VmapJudging } from "./recorded.ts";
import { VMAP } from "./wing.ts";

/** Laws of code that runs: checked only for such code. */
const OF_CODE: readonly string[] = [...PROCESS_LAWS, ...MEMORY_LAWS].map(({ id }) => id);

export const OPEN_VMAP: OpenWing<VmapTerms> = {
  ...VMAP,
  files: {
    historyIn,
    formatHistory,
    asWritten,
    recordings: readRecording,
    conform,
    scopeOf: (trace, steps) => ({ ...trace.scope, ...askedFor(steps) }),
  },
  bench: benchFor,
  lawsFor: (kernel) => ALL_LAWS.filter(({ id }) => isPromised(kernel, id) || !OF_CODE.includes(id)),
  whyUnmodelled: (history, { release }) => whyUnmodelled(history, release),
  inheritanceOf,
  modelOf({ file, line, label, cut }) {
    if (cut !== undefined)
      throw inputError(file, line, "cut: only a whole trace can be compared with a model");
    if (kernelCalled(label) !== undefined || labelAlike(label) !== undefined) return releaseNamed(label);
    const says = `version: there is no model of ${JSON.stringify(label)} to compare with; judge asks its laws`;
    throw inputError(file, line, says);
  },
  judgingOf,
  judgeRecorded: (judging: VmapJudging, trace: Trace) => judgeRecorded(judging, trace),
  cut(trace: Trace, judging: VmapJudging, violating: RecordedReply, law) {
    const found = cutTrace({ trace, judging, violating }, law);
    return { ...found, line: cutLine(trace, found.steps, law) };
  },
  stopText(response) {
    if (response.kind === "bug") return `BUG: ${response.text}`;
    return response.kind === "hung" ? `does not return: ${response.text}` : undefined;
  },
  search: async () => (await import("./search.ts")).SEARCH_VMAP,
};
