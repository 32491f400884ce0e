/**
 * A run of a tree's own code as a file: JSON, a step a line, each by what it does. It names locks, page table entries and
 * calls, and neither functions nor lines: another tree has others.
 */
import { z } from "zod";
import { checked } from "./complaint.ts";
import { inputError } from "./input-error.ts";

export interface TreeRunFile {
  /** The version of the tree that it was found on. */
  readonly tree: string;
  readonly calls: string;
  readonly scope: Readonly<Record<string, number>>;
  readonly grain: "locks" | "once";
  /** The law that its last step violates. */
  readonly law: string;
  readonly steps: readonly string[];
}

const VERSION = 1;
const word = /^[\w-]+$/;
const format = z.strictObject({
  vmapcheck: z.literal(VERSION),
  tree: z.string().max(200),
  calls: z.string().min(1).max(2000),
  scope: z.record(z.string().max(50).regex(word), z.int().nonnegative().max(1e6)),
  grain: z.enum(["locks", "once"]),
  law: z.string().min(1).max(200).regex(word, { error: "expected the id of a law" }),
  steps: z
    .array(
      z
        .string()
        .min(1)
        .max(2000)
        .regex(/^(CPU \d|worker): /, { error: "expected CPU N: or worker:" }),
    )
    .max(10_000),
});

/** Whether a document is meant as such a run. */
export function isTreeRun(json: unknown): boolean {
  return typeof json === "object" && json !== null && "calls" in json;
}

/** The run in a document read from there. Throws an InputError that says what is wrong and where. */
export function treeRunIn(path: string, json: unknown): TreeRunFile {
  const { vmapcheck: _version, ...run } = checked(format, json, "", (says) =>
    inputError(path, undefined, says),
  );
  return run;
}

export function formatTreeRun({ steps, scope, ...run }: TreeRunFile): string {
  const fields = Object.entries({ vmapcheck: VERSION, tree: run.tree, calls: run.calls });
  const more = Object.entries({ grain: run.grain, law: run.law });
  const line = ([name, value]: [string, unknown]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  return [
    "{",
    `${[...fields, ["scope", scope] as [string, unknown], ...more].map(line).join(",\n")},`,
    `  "steps": [\n${steps.map((step) => `    ${JSON.stringify(step)}`).join(",\n")}\n  ]`,
    "}",
    "",
  ].join("\n");
}
