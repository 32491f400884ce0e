/** `list`: the words that other jobs take. It reads no file, as it has to be fast. */
import { INTERLEAVED } from "../counterexamples/interleavings.ts";
import { rangesLike, variants } from "../kernels/versions.ts";
import { SCOPES } from "../properties/vmap/random-scopes.ts";
import { PROTOCOLS, STEP_PROTOCOLS } from "../protocols/index.ts";
import { programOf } from "../protocols/program-text.ts";
import type { LawId } from "../spec/contract.ts";
import { MEMORY_LAWS, PROCESS_LAWS } from "../spec/process.ts";
import { versionOf } from "../spec/vmap/change.ts";
import { CONCEPT_LAWS } from "../spec/vmap/concepts.ts";
import { isPromised, type Release, type Wing } from "../spec/wing.ts";
import { protocolsOf } from "./interleaved-orders.ts";
import { spansJson } from "./spans.ts";
import { orNearest } from "./usage-error.ts";
import { allWings, kernelIn } from "./wings.ts";

/** All the words, each with its meaning. */
export async function list() {
  const wings = await allWings();
  const of = <E>(each: (wing: Wing) => readonly E[]) =>
    wings.flatMap((wing) => each(wing).map((entry) => ({ ...entry, wing: wing.name })));
  const kernels = of((wing) => wing.kernels.map(({ name, release }) => kernelJson(name, release)));
  const others = variants().map(({ name, release }) => kernelJson(name, release));
  const laws = of((wing) =>
    [...wing.laws, ...(wing.name === "vmap" ? CONCEPT_LAWS : [])]
      .filter(isOfModels)
      .map(({ id, says, source }) => ({ id, says, source })),
  );
  const bugs = of((wing) =>
    wing.bugs.map(({ id, number, says, source, fixed, violations }) => ({
      id,
      number: number ?? null,
      says,
      source,
      fixed,
      spans: spansJson(id),
      breaks: violations.map(({ law, on }) => ({ law, on, notPromisedBy: notPromisedBy(wing, law, on) })),
    })),
  );
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

/** Laws of code that runs stand in no list. */
const isOfModels = ({ id }: { readonly id: LawId }) =>
  ![...PROCESS_LAWS, ...MEMORY_LAWS].some((law) => law.id === id);

export function kernelJson(name: string, release: Release) {
  const version = versionOf(name);
  return {
    labels: release.labels,
    like: release.like ?? null,
    standsFor: rangesLike(name),
    protocols: version === undefined ? [] : protocolsOf(version),
    promises: release.laws,
  };
}

/** The kernels that violate a law they do not promise: they fall short of it. */
function notPromisedBy(wing: Wing, law: LawId, on: readonly string[]): readonly string[] {
  return on.filter((name) => !isPromised(kernelIn(wing, name), law));
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
