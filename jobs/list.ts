/** `list`: the words that other jobs take. It reads no file, as it has to be fast. */
import { BUGS } from "../counterexamples/vmap/index.ts";
import { INTERLEAVED } from "../counterexamples/vmap/interleavings.ts";
import { rangesLike, variants } from "../kernels/versions.ts";
import { KERNELS } from "../kernels/vmap/index.ts";
import { SCOPES } from "../properties/vmap/random-scopes.ts";
import { programOf } from "../protocols/program-text.ts";
import { PROTOCOLS, STEP_PROTOCOLS } from "../protocols/vmap/index.ts";
import type { LawId } from "../spec/contract.ts";
import { versionOf } from "../spec/vmap/change.ts";
import { CONCEPT_LAWS } from "../spec/vmap/concepts/index.ts";
import { isPromised } from "../spec/vmap/kernel.ts";
import { LAWS } from "../spec/vmap/laws/index.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import { protocolsOf } from "./interleaved-orders.ts";
import { kernelNamed } from "./names.ts";
import { spansJson } from "./spans.ts";
import { orNearest } from "./usage-error.ts";

/** All the words, each with its meaning. */
export function list() {
  const kernels = KERNELS.map(({ release }) => kernelJson(release));
  const others = variants().map(({ release }) => kernelJson(release));
  const laws = [...LAWS, ...CONCEPT_LAWS].map(({ id, says, source }) => ({ id, says, source }));
  const bugs = BUGS.map(({ id, number, says, source, fixed, violations }) => ({
    id,
    number: number ?? null,
    says,
    source,
    fixed,
    spans: spansJson(id),
    breaks: violations.map(({ law, on }) => ({ law, on, notPromisedBy: notPromisedBy(law, on) })),
  }));
  const interleaved = INTERLEAVED.map(({ id, number, says, source, fixed, violations }) => ({
    id,
    number: number ?? null,
    says,
    source,
    fixed,
    spans: spansJson(id),
    breaks: violations.map(({ law, protocol, scope }) => ({ law, on: [protocol], scope })),
  }));
  const protocols = PROTOCOLS.map(({ name, says, parameters }) => ({ name, says, parameters }));
  return { kernels, variants: others, laws, bugs, interleaved, protocols, scopes: SCOPES };
}

export function kernelJson(release: Promises) {
  const version = versionOf(release.labels[0] as string);
  return {
    labels: release.labels,
    like: release.like ?? null,
    standsFor: rangesLike(release.labels[0] as string),
    protocols: version === undefined ? [] : protocolsOf(version),
    promises: release.laws,
  };
}

/** The kernels that violate a law they do not promise: they fall short of it. */
function notPromisedBy(law: LawId, on: readonly string[]): readonly string[] {
  return on.filter((name) => !isPromised(kernelNamed(name), law));
}

/** The steps of a CPU in a protocol, with its usual parameters. Throws a UsageError if there is none of that name. */
export function listProgram(protocol: string) {
  const { name, says, parameters, machine } = orNearest(
    "protocol of CPUs",
    protocol,
    (word) => STEP_PROTOCOLS.find((each) => each.name === word),
    STEP_PROTOCOLS.map((each) => each.name),
  );
  const scope = Object.fromEntries(Object.entries(parameters).map(([key, { usual }]) => [key, usual]));
  return { protocol: name, says, scope, program: programOf(machine(scope)) };
}
