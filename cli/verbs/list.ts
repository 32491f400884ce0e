/** `list`: the words the other verbs take; `list NAME`: all about one bug or kernel. */

import { readHistory } from "../../adapters/vmap/history-file.ts";
import type { Bug } from "../../counterexamples/bug.ts";
import { BUGS, bugCalled } from "../../counterexamples/vmap/index.ts";
import type { InterleavedBug } from "../../counterexamples/vmap/interleaved.ts";
import { INTERLEAVED, interleavedCalled } from "../../counterexamples/vmap/interleavings.ts";
import { protocolsOf } from "../../jobs/interleaved-orders.ts";
import { breaksOf } from "../../jobs/lineage.ts";
import { checkedFor, kernelNamed, replayLine } from "../../jobs/names.ts";
import { pinnedFile, readPinnedInterleaving } from "../../jobs/pinned.ts";
import { spansJson, spanText } from "../../jobs/spans.ts";
import { factsText } from "../../jobs/versions.ts";
import { rangesLike, variants } from "../../kernels/versions.ts";
import { KERNELS, kernelCalled } from "../../kernels/vmap/index.ts";
import { SCOPES } from "../../properties/vmap/random-scopes.ts";
import { PROTOCOLS } from "../../protocols/vmap/index.ts";
import type { LawId } from "../../spec/contract.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import { isPromised } from "../../spec/vmap/kernel.ts";
import { LAWS } from "../../spec/vmap/laws/index.ts";
import type { Promises } from "../../spec/vmap/releases.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED } from "../exit.ts";
import { columns, print } from "../output.ts";
import { bugText, kernelText, type WholeBug } from "../show/listed.ts";
import { cpusText } from "../show/text.ts";

interface Listed {
  readonly law: LawId;
  readonly on: readonly string[];
  readonly notPromisedBy: readonly string[];
}

export async function listVerb(
  name: string | undefined,
  { json }: { readonly json: boolean },
): Promise<number> {
  if (name !== undefined) return await listOne(name, json);
  const kernels = KERNELS.map(({ release }) => kernelJson(release));
  const others = variants().map(({ release }) => kernelJson(release));
  const laws = LAWS.map(({ id, says, source }) => ({ id, says, source }));
  const bugs = BUGS.map(({ id, number, says, source, fixed, breaks }) => ({
    id,
    number: number ?? null,
    says,
    source,
    fixed,
    spans: spansJson(id),
    breaks: breaks.map(({ law, on }) => ({ law, on, notPromisedBy: notPromisedBy(law, on) })),
  }));
  const interleaved = INTERLEAVED.map(({ id, number, says, source, fixed, breaks }) => ({
    id,
    number: number ?? null,
    says,
    source,
    fixed,
    spans: spansJson(id),
    breaks: breaks.map(({ law, protocol, scope }) => ({ law, on: [protocol], scope })),
  }));
  const protocols = PROTOCOLS.map(({ name, says, parameters }) => ({ name, says, parameters }));
  if (json) {
    console.log(
      JSON.stringify({ kernels, variants: others, laws, bugs, interleaved, protocols, scopes: SCOPES }),
    );
    return AS_EXPECTED;
  }
  section(
    "kernels",
    kernels.map(({ labels, standsFor, promises }) => [
      labels.join(" = "),
      standsFor.length === 0 ? "" : `stands for ${standsFor.join(", ")}`,
      pc.dim(`promises ${promises.length} laws`),
    ]),
  );
  section(
    "kernels that answer otherwise than the one they are like, to calls outside their domain alone",
    others.map(({ labels, like, standsFor }) => [
      labels.join(" = "),
      `like ${like}`,
      standsFor.length === 0 ? "" : `stands for ${standsFor.join(", ")}`,
    ]),
  );
  section(
    "laws",
    laws.map(({ id, says }) => [id, says]),
  );
  section(
    "bugs (in parentheses: laws that no release with the bug promises)",
    bugs.map(({ id, number, fixed, breaks }) => [
      id,
      number ?? "",
      spanText({ id, fixed }),
      pc.dim([...new Set(breaks.map(lawText))].join(", ")),
    ]),
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

function kernelJson(release: Promises) {
  const version = versionOf(release.labels[0] as string);
  return {
    labels: release.labels,
    like: release.like ?? null,
    standsFor: rangesLike(release.labels[0] as string),
    protocols: version === undefined ? [] : protocolsOf(version),
    promises: release.laws,
  };
}

/** All about one: a bug by its slug or number, at both grains, or a kernel by a label or a version. */
async function listOne(name: string, json: boolean): Promise<number> {
  const [calls, steps] = [bugCalled(name), interleavedCalled(name)];
  if (calls === undefined && steps === undefined) {
    const { kernels, facts } = checkedFor(name);
    const releases = kernels.map(({ release }) => release);
    if (json) {
      console.log(JSON.stringify({ version: facts ?? null, kernels: releases.map(wholeKernelJson) }));
      return AS_EXPECTED;
    }
    const isOne = facts === undefined || (kernels.length === 1 && facts.answersAs.length === 1);
    const asked = (release: Promises) => (isOne ? name : (release.labels[0] as string));
    const texts = releases.map((release) => kernelText(release, asked(release)));
    print([...(facts === undefined ? [] : [factsText(facts)]), ...texts].join("\n\n"));
    return AS_EXPECTED;
  }
  const pinned = await Promise.all(
    (calls?.breaks ?? []).map(async (broken) => ({
      broken,
      history: await readHistory(pinnedFile(calls as Bug, broken)),
    })),
  );
  const runs = await Promise.all(
    (steps?.breaks ?? []).map((broken) => readPinnedInterleaving(steps as InterleavedBug, broken)),
  );
  const lengths = runs.map((run) => run.steps.length);
  if (json) console.log(JSON.stringify(bugJson({ calls, pinned, steps, lengths })));
  else print(bugText({ calls, pinned, steps, lengths }));
  return AS_EXPECTED;
}

function wholeKernelJson(release: Promises) {
  const own = kernelJson(release);
  const violated = breaksOf(kernelNamed(release.labels[0] as string));
  return {
    ...own,
    guard: release.guard,
    fragments: release.fragments,
    pools: release.pools,
    bugs: BUGS.filter(({ breaks }) => breaks.some((each) => violated.has(each))).map(
      ({ id, number, breaks }) => ({
        id,
        number: number ?? null,
        laws: [...new Set(breaks.filter((each) => violated.has(each)).map(({ law }) => law))],
        spans: spansJson(id),
      }),
    ),
    interleaved: INTERLEAVED.filter(({ breaks }) =>
      breaks.some(({ protocol, also = [] }) =>
        [protocol, ...also].some((name) => own.protocols.includes(name)),
      ),
    ).map(({ id, number }) => ({ id, number: number ?? null, spans: spansJson(id) })),
  };
}

function bugJson({ calls, pinned, steps, lengths }: WholeBug) {
  const { id, number, source, fixed } = (calls ?? steps) as Bug | InterleavedBug;
  return {
    id,
    number: number ?? null,
    says: [calls?.says, steps?.says].find((says) => says !== undefined),
    source,
    fixed,
    spans: spansJson(id),
    breaks: pinned.map(({ broken: { law, on }, history }) => ({
      law,
      on,
      commands: history.commands.length,
      replay: replayLine(`${id} --law ${law} --kernel ${history.kernel}`),
    })),
    interleaved: (steps?.breaks ?? []).map(({ law, protocol, also = [], scope, repaired }, nth) => ({
      law,
      on: [protocol, ...also],
      scope,
      repaired,
      steps: lengths[nth],
      replay: replayLine(`${id} --law ${law} --grain step`),
    })),
  };
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
