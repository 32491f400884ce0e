/** `list`: the words the other verbs take. */

import { BUGS } from "../../counterexamples/index.ts";
import { INTERLEAVED } from "../../counterexamples/interleavings.ts";
import { KERNELS, kernelCalled } from "../../kernels/index.ts";
import { SCOPES } from "../../properties/scopes.ts";
import { PROTOCOLS } from "../../protocols/index.ts";
import type { LawId } from "../../spec/contract.ts";
import { isPromised } from "../../spec/kernel.ts";
import { LAWS } from "../../spec/laws/index.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED } from "../exit.ts";
import { kernelNamed } from "../names.ts";
import { columns, print } from "../output.ts";
import { cpusText } from "../show/text.ts";

interface Listed {
  readonly law: LawId;
  readonly on: readonly string[];
  readonly notPromisedBy: readonly string[];
}

export function listVerb({ json }: { readonly json: boolean }): number {
  const kernels = KERNELS.map(({ release }) => ({ labels: release.labels, promises: release.laws }));
  const laws = LAWS.map(({ id, says, source }) => ({ id, says, source }));
  const bugs = BUGS.map(({ id, number, says, source, fixed, breaks }) => ({
    id,
    number: number ?? null,
    says,
    source,
    fixed,
    breaks: breaks.map(({ law, on }) => ({ law, on, notPromisedBy: notPromisedBy(law, on) })),
  }));
  const interleaved = INTERLEAVED.map(({ id, number, says, source, fixed, breaks }) => ({
    id,
    number: number ?? null,
    says,
    source,
    fixed,
    breaks: breaks.map(({ law, protocol, scope }) => ({ law, on: [protocol], scope })),
  }));
  const protocols = PROTOCOLS.map(({ name, says, parameters }) => ({ name, says, parameters }));
  if (json) {
    console.log(JSON.stringify({ kernels, laws, bugs, interleaved, protocols, scopes: SCOPES }));
    return AS_EXPECTED;
  }
  section(
    "kernels",
    kernels.map(({ labels, promises }) => [labels.join(" = "), pc.dim(`promises ${promises.length} laws`)]),
  );
  section(
    "laws",
    laws.map(({ id, says }) => [id, says]),
  );
  section(
    "bugs (in parentheses: laws that no release with the bug promises)",
    bugs.map(({ id, number, breaks }) => [
      id,
      number ?? "",
      pc.dim([...new Set(breaks.map(lawText))].join(", ")),
    ]),
  );
  section(
    "bugs that need calls to interleave",
    interleaved.map(({ id, number, breaks }) => [
      id,
      number ?? "",
      pc.dim([...new Set(breaks.map(({ law }) => law))].join(", ")),
    ]),
  );
  section(
    "protocols, for explore",
    protocols.map(({ name, parameters }) => [name, pc.dim(Object.keys(parameters).join(", "))]),
  );
  section(
    "scopes",
    SCOPES.map((scope) => [
      scope.name,
      `${scope.wordPages} pages, ${cpusText(scope)}`,
      pc.dim(
        scope.lazyMaxPages === null
          ? "lazy pages by the kernel's formula"
          : `${scope.lazyMaxPages} lazy pages at most`,
      ),
    ]),
  );
  return AS_EXPECTED;
}

/** The kernels that break a law they do not promise: they fall short of it. */
function notPromisedBy(law: LawId, on: readonly string[]): readonly string[] {
  return on.filter((name) => !isPromised(kernelNamed(name), law));
}

/** In parentheses where releases break the law and none of them promises it; a bug's changed kernel does not count. */
function lawText({ law, on, notPromisedBy }: Listed): string {
  const releases = on.filter((name) => kernelCalled(name) !== undefined);
  const fallShort = releases.length > 0 && releases.every((name) => notPromisedBy.includes(name));
  return fallShort ? `(${law})` : law;
}

function section(title: string, rows: readonly (readonly string[])[]): void {
  print(`${pc.bold(title)}\n${columns(rows.map((row) => ["", ...row]))}\n`);
}
