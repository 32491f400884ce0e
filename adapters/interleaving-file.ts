/** An interleaving as a file: JSON, the steps by the names that the protocol gives them, one a line. */
import { z } from "zod";
import { checked } from "./complaint.ts";
import { inputError } from "./input-error.ts";

export interface InterleavingFile {
  /** The protocol by its name, and its scope. */
  readonly protocol: string;
  readonly scope: Readonly<Record<string, number>>;
  /** The law that its last step violates, or the condition that must end and does not. */
  readonly law: string;
  readonly steps: readonly string[];
  /** The steps that are repeated after them, if the run never ends; empty if nothing more happens. */
  readonly loop?: readonly string[] | undefined;
}

/** The format's version; a file of another one is refused. */
const VERSION = 1;

/** A law's id or a parameter's name: it is printed as it is. */
const word = /^[\w-]+$/;
const steps = z.array(z.string().min(1).max(500)).max(100_000);
const format = z.strictObject({
  vmapcheck: z.literal(VERSION),
  protocol: z.string().min(1).max(200),
  scope: z.record(z.string().max(50).regex(word), z.int().nonnegative().max(1e6)),
  law: z.string().min(1).max(200).regex(word, { error: "expected the id of a law" }),
  steps,
  loop: steps.optional(),
});

/** Whether a document is meant as an interleaving, and not as a history of calls. */
export function isInterleaving(json: unknown): boolean {
  return typeof json === "object" && json !== null && "protocol" in json;
}

/** The interleaving in a document read from there. Throws an InputError that says what is wrong and where. */
export function interleavingIn(path: string, json: unknown): InterleavingFile {
  const refuse = (says: string) => inputError(path, undefined, says);
  const { vmapcheck: _version, ...interleaving } = checked(format, json, "", refuse);
  return interleaving;
}

/** The file's text: fields in a fixed order, a step a line. */
export function formatInterleaving({ protocol, scope, law, steps: stem, loop }: InterleavingFile): string {
  const list = (name: string, names: readonly string[]) =>
    names.length === 0
      ? `  "${name}": []`
      : `  "${name}": [\n${names.map((each) => `    ${JSON.stringify(each)}`).join(",\n")}\n  ]`;
  const lists = [list("steps", stem), ...(loop === undefined ? [] : [list("loop", loop)])];
  return [
    "{",
    `  "vmapcheck": ${VERSION},`,
    `  "protocol": ${JSON.stringify(protocol)},`,
    `  "scope": ${JSON.stringify(scope)},`,
    `  "law": ${JSON.stringify(law)},`,
    lists.join(",\n"),
    "}",
    "",
  ].join("\n");
}
