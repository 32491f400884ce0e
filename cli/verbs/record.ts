/** `record`: a tree's replies to random callers, as a recording that judge and conform read. */
import { recordings } from "../../jobs/trees/record.ts";
import { openTree } from "../../jobs/trees/trees.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { AS_EXPECTED, BAD_INPUT } from "../exit.ts";
import { filesNamed, refuseUnwritable, reportUnwritten, writeFiles } from "../files.ts";

export interface RecordOptions {
  readonly tree?: string;
  readonly as?: string;
  readonly out?: string;
  /** Traces in each scope. */
  readonly traces: number;
  readonly seed: number;
  readonly json: boolean;
}

export async function recordVerb(_none: undefined, options: RecordOptions): Promise<number> {
  const { tree, as, out, traces, seed, json } = options;
  if (tree === undefined) throw new UsageError("record takes --tree DIR, the tree that answers");
  await refuseUnwritable(filesNamed({ "--out": out }));
  const subject = openTree(tree, as);
  // The label is one of the release it is judged by, so that it can be compared with that model.
  const lines = [...recordings(subject.kernel, subject.label, seed, traces)];
  const text = `${lines.join("\n")}\n`;
  if (out === undefined) {
    process.stdout.write(text);
    return AS_EXPECTED;
  }
  if (reportUnwritten(await writeFiles([{ option: "--out", path: out, text }]))) return BAD_INPUT;
  const { version } = subject.tree;
  if (json)
    console.log(
      JSON.stringify({
        file: out,
        version: version ?? null,
        label: subject.label,
        traces: lines.length,
        seed,
      }),
    );
  else console.log(`${out}: ${lines.length} traces of ${version ?? tree}, under the label ${subject.label}`);
  return AS_EXPECTED;
}
