/** `list`: the words the other verbs take; `list NAME`: all about one bug or kernel. */

import { cpusText } from "../../jobs/command-text.ts";
import { list, listProgram } from "../../jobs/list.ts";
import { spanText } from "../../jobs/spans.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { LawId } from "../../spec/contract.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED } from "../exit.ts";
import { columns, type JsonOption, print } from "../output.ts";
import { programText } from "../show/program.ts";

export interface ListOptions extends JsonOption {
  /** A protocol of CPUs that take steps. */
  readonly program?: string;
}

export async function listVerb(name: string | undefined, { json, program }: ListOptions): Promise<number> {
  if (program !== undefined) {
    if (name !== undefined) {
      throw new UsageError(`list takes a name or --program, not both: ${name} and --program ${program}`);
    }
    printProgram(listProgram(program), json);
  } else if (name !== undefined) {
    const { listOne } = await import("../../jobs/list-one.ts");
    const { oneJson, oneText } = await import("../show/listed.ts");
    const one = await listOne(name);
    if (json) console.log(JSON.stringify(oneJson(one)));
    else print(oneText(name, one));
  } else if (json) console.log(JSON.stringify(await list()));
  else printAll(await list());
  return AS_EXPECTED;
}

function printProgram(listed: ReturnType<typeof listProgram>, json: boolean): void {
  const { protocol, says, scope, program } = listed;
  if (json) {
    console.log(JSON.stringify(listed));
    return;
  }
  const given = Object.entries(scope).map(([key, value]) => `${key}=${value}`);
  print(`${protocol}: ${says}\nOf a CPU, with ${given.join(",")}. Each /* step */ is atomic.\n`);
  print(programText(program));
}

function printAll({
  kernels,
  variants,
  laws,
  bugs,
  interleaved,
  protocols,
  scopes,
}: Awaited<ReturnType<typeof list>>): void {
  const wings = [...new Set(kernels.map(({ wing }) => wing))];
  /** A section for each wing, named after it but for the first. */
  const sections = <E extends { readonly wing: string }>(
    title: string,
    all: readonly E[],
    row: (entry: E) => readonly string[],
  ) => {
    for (const [nth, wing] of wings.entries())
      section(nth === 0 ? title : `${wing}: ${title}`, all.filter((each) => each.wing === wing).map(row));
  };
  sections("kernels", kernels, ({ labels, standsFor, promises }) => [
    labels.join(" = "),
    standsFor.length === 0 ? "" : `stands for ${standsFor.join(", ")}`,
    pc.dim(`promises ${promises.length} laws`),
  ]);
  section(
    "kernels that answer otherwise than the one they are like, to calls outside their domain alone",
    variants.map(({ labels, like, standsFor }) => [
      labels.join(" = "),
      `like ${like}`,
      standsFor.length === 0 ? "" : `stands for ${standsFor.join(", ")}`,
    ]),
  );
  sections("laws", laws, ({ id, says }) => [id, says]);
  const slugs = bugs.map(({ id }) => id);
  sections(
    "bugs (in parentheses: laws that no release with the bug promises)",
    bugs,
    ({ id, number, fixed, breaks }) => [
      id,
      number ?? "",
      spanText({ id, fixed }),
      pc.dim([...new Set(breaks.map((each) => lawText(each, slugs)))].join(", ")),
    ],
  );
  section(
    "bugs that need calls to interleave",
    interleaved.map(({ id, number, fixed, breaks }) => [
      id,
      number ?? "",
      spanText({ id, fixed }),
      pc.dim([...new Set(breaks.map(({ law }) => law))].join(", ")),
    ]),
  );
  section(
    "protocols, for explore",
    protocols.map(({ name, parameters }) => [name, pc.dim(Object.keys(parameters).join(", "))]),
  );
  section(
    "scopes",
    scopes.map((scope) => [
      scope.name,
      `${scope.wordPages} pages, ${cpusText(scope)}`,
      pc.dim(
        scope.lazyMaxPages === null
          ? "lazy pages by the kernel's formula"
          : `${scope.lazyMaxPages} lazy pages at most`,
      ),
    ]),
  );
}

interface Violated {
  readonly law: LawId;
  readonly on: readonly string[];
  readonly notPromisedBy: readonly string[];
}

/** In parentheses if releases violate the law and none of them promises it; a bug's changed kernel does not count. */
function lawText({ law, on, notPromisedBy }: Violated, slugs: readonly string[]): string {
  const releases = on.filter((name) => !slugs.includes(name));
  const fallShort = releases.length > 0 && releases.every((name) => notPromisedBy.includes(name));
  return fallShort ? `(${law})` : law;
}

function section(title: string, rows: readonly (readonly string[])[]): void {
  print(`${pc.bold(title)}\n${columns(rows.map((row) => ["", ...row]))}\n`);
}
