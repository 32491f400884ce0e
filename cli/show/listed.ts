/** All about one bug, kernel, law or protocol, in lines. */

import type { InterleavedBug } from "../../counterexamples/interleaved.ts";
import { INTERLEAVED } from "../../counterexamples/interleavings.ts";
import { narrowedBy, spansOf } from "../../counterexamples/vmap/evidence.ts";
import { familyOf, protocolsOf } from "../../jobs/interleaved-orders.ts";
import {
  bugJson,
  bugsOf,
  kernelOfWingJson,
  type Listed,
  type WholeBug,
  type WholeLaw,
  type WholeProtocol,
  wholeKernelJson,
} from "../../jobs/list-one.ts";
import { releaseNamed, replayLine, toolLine } from "../../jobs/names.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { spanText } from "../../jobs/spans.ts";
import { changeText, commitText, factsText, withOthers } from "../../jobs/versions.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { withNumber } from "../../jobs/wings.ts";
import { changesBetween, LABELLED, rangesLike, rangesOfAll } from "../../kernels/versions.ts";
import { STEP_PROTOCOLS } from "../../protocols/index.ts";
import type { Change } from "../../spec/vmap/change.ts";
import { type Version, versionOf } from "../../spec/vmap/change.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { lineageOf } from "../../spec/vmap/releases.ts";
import type { Bug, Kernel, OpenWing } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { columns, commandLine } from "../output.ts";
import { saysOf } from "./replayed.ts";

export function oneJson(one: Listed) {
  if ("bug" in one) return bugJson(one.bug);
  if ("law" in one) return one.law;
  if ("protocol" in one) return one.protocol;
  if ("wing" in one) return { version: null, kernels: [kernelOfWingJson(one.wing, one.kernel)] };
  return { version: one.version ?? null, kernels: one.releases.map(wholeKernelJson) };
}

export function oneText(name: string, one: Listed): string {
  if ("bug" in one) return bugText(one.bug);
  if ("law" in one) return lawText(one.law);
  if ("protocol" in one) return protocolText(one.protocol);
  if ("wing" in one) return kernelOfWingText(one.wing, one.kernel);
  const { version, releases } = one;
  const isOne = version === undefined || (releases.length === 1 && version.answersAs.length === 1);
  const texts = releases.map((release) => kernelText(release, isOne ? name : (release.labels[0] as string)));
  return [...(version === undefined ? [] : [factsText(version)]), ...texts].join("\n\n");
}

function bugText({ calls, pinned, steps, lengths }: WholeBug): string {
  const bug = (calls ?? steps) as Bug | InterleavedBug;
  const title = `${pc.bold(withNumber(bug))}`;
  const spans = spansOf(bug.id).flatMap(({ since, until }) => [
    ["since", since === undefined ? "before 2.6.27" : citationOf(since)],
    ["until", until === undefined ? "not fixed" : citationOf(until)],
  ]);
  const narrowed = narrowedBy(bug.id).map((each) => ["in part until", citationOf(each)]);
  const facts = [
    ["source", bug.source],
    ...(bug.latent ? [["reported", "no report is known"]] : []),
    ...spans,
    ...narrowed,
    ...backportsOf(bug.id).map((line) => ["backport", line]),
    ["fixed", bug.fixed],
  ].map(([name, text = ""]) => [`${name}:`, text]);
  const says = [...new Set([calls?.says, steps?.says])].filter((each) => each !== undefined);
  return [
    [title, ...says].join("\n"),
    columns(facts),
    ...(pinned.length === 0 ? [] : [section("Laws it violates", pinned.flatMap(pinnedLines(bug.id)))]),
    ...(steps === undefined
      ? []
      : [
          section(
            "Laws it violates when calls interleave",
            steps.violations.flatMap(stepLines(bug.id, lengths)),
          ),
        ]),
  ].join("\n\n");
}

function lawText({ id, says, source, promisedBy, bugs, interleaved }: WholeLaw): string {
  const rows = (all: WholeLaw["bugs"]) =>
    columns(all.map((bug) => ["", bug.number ?? "*", bug.id, bug.on.join(", ")]));
  const ranges = rangesOfAll(promisedBy);
  const others = promisedBy.filter((label) => label.startsWith("gather-") || (ranges.length === 0 && label));
  return [
    [pc.bold(id), says].join("\n"),
    columns([
      ...(source === "" ? [] : [["source:", source]]),
      ["promised:", promisedBy.length === 0 ? "by no release" : `by ${[...ranges, ...others].join(", ")}`],
    ]),
    ...(bugs.length === 0 ? [] : [`${pc.bold("Bugs that violate it, and where")}\n${rows(bugs)}`]),
    ...(interleaved.length === 0
      ? []
      : [
          `${pc.bold("Bugs that violate it when calls interleave, and in which protocols")}\n${rows(interleaved)}`,
        ]),
    ...(bugs.length + interleaved.length === 0 ? ["No bug of the catalogue violates it."] : []),
  ].join("\n\n");
}

function protocolText({ name, says, parameters, calls, laws, releases, bugs }: WholeProtocol): string {
  const program = STEP_PROTOCOLS.some((each) => each.name === name);
  return [
    [pc.bold(name), says].join("\n"),
    columns([
      ["describes:", releases.length === 0 ? "no release" : releases.join(", ")],
      ["explore:", toolLine(`explore ${name}`)],
      ...(program ? [["its steps:", toolLine(`list --program ${name}`)]] : []),
    ]),
    `${pc.bold("Scope")}\n${columns(
      Object.entries(parameters).map(([key, { counts, usual, least = 1, most }]) => [
        "",
        key,
        counts,
        `${usual}; ${least} to ${most}`,
      ]),
    )}`,
    section(
      program ? "Calls" : "Actions",
      calls.map((call) => `  ${call}`),
    ),
    section(
      "Laws that it is judged by",
      laws.map((law) => `  ${law}`),
    ),
    bugs.length === 0
      ? "No bug of the catalogue shows in it."
      : `${pc.bold("Known bugs")}\n${columns(bugs.map((bug) => ["", bug.number ?? "*", bug.id, bug.laws.join("\n")]))}`,
  ].join("\n\n");
}

const section = (title: string, lines: readonly string[]) => `${pc.bold(title)}\n${lines.join("\n")}`;

const citationOf = (change: Change) => `${commitText(change)}  ${change.says}`;

/** Stable versions known to have the commit that ended it, or part of it. */
function backportsOf(id: string): string[] {
  const ending = [...spansOf(id).flatMap(({ until }) => until ?? []), ...narrowedBy(id)];
  return ending.flatMap(({ commit, backports }) =>
    backports.map(
      ({ series, from }) => `${commit} in ${from === undefined ? `some ${series}.y` : `${series}.${from}`}`,
    ),
  );
}

const pinnedLines =
  (id: string) =>
  ({ broken: { law, on }, history }: WholeBug["pinned"][number]) => [
    `  ${law} in ${history.commands.length}, on ${on.join(", ")}`,
    commandLine("    replay", replayLine(`${id} --law ${law} --kernel ${history.kernel}`)),
  ];

const stepLines =
  (id: string, lengths: readonly number[]) =>
  ({ law, protocol, also = [], scope, repaired }: InterleavedBug["violations"][number], nth: number) => [
    `  ${law} in ${lengths[nth]} steps, on ${[protocol, ...also].join(", ")}; ${scopeText(scope)}; kept by ${repaired}`,
    commandLine("    replay", replayLine(`${id} --law ${law} --grain step`)),
  ];

/** A kernel of any wing. */
function kernelOfWingText(wing: OpenWing, kernel: Kernel): string {
  const { labels, laws } = kernel.release;
  const own = labels.includes(kernel.name) ? labels : [kernel.name];
  return [
    pc.bold(withOthers(kernel.name, own)),
    section(
      `Promises ${laws.length} laws`,
      laws.map((id) => `  ${id}: ${saysOf(wing, id)}`),
    ),
    `${pc.bold("Known bugs")}\n${columns(bugRows(wing, kernel))}`,
  ].join("\n\n");
}

/** A kernel: a release, and the version it was requested as. */
function kernelText(release: Promises, asked: string): string {
  const [label] = release.labels as [string];
  const version = versionOf(asked) ?? versionOf(label);
  const own = version === undefined ? [] : protocolsOf(version);
  const parts = [
    `${pc.bold(withOthers(label, release.labels))}\n${columns(factsOfKernel(release, version))}`,
    behaviour(release),
    section(
      `Promises ${release.laws.length} laws`,
      release.laws.map((id) => `  ${id}: ${saysOf(OPEN_VMAP, id)}`),
    ),
    `${pc.bold("Known bugs")}\n${columns(bugRows(OPEN_VMAP, releaseNamed(label)))}`,
    ...(own.length === 0
      ? []
      : [`${pc.bold("Known bugs when calls interleave")}\n${columns(stepBugRows(own))}`]),
  ];
  return parts.join("\n\n");
}

function factsOfKernel(release: Promises, version: Version | undefined): string[][] {
  const { guard, freesLazily, fragments, pools, percpu } = release;
  const ranges = rangesLike(release.labels[0] as string);
  const recorded = release.labels.filter((each) => LABELLED.some(({ label }) => label === each));
  const ancestors = lineageOf(release).slice(1);
  return [
    [
      "stands for",
      ranges.length === 0
        ? release.labels.join(", ")
        : [ranges.join(", "), ...(recorded.length === 0 ? [] : [`recorded as ${recorded.join(", ")}`])].join(
            "; ",
          ),
    ],
    ...(ancestors.length === 0 ? [] : [["derived from", ancestors.join(", ")]]),
    [
      "guard pages",
      `${guard.inside} inside an area, ${guard.afterArea} kept after it, ${guard.beforeNext} before the next`,
    ],
    ["frees", freesLazily ? "wait for a purge" : "flush at once"],
    ["fragmented blocks", fragments],
    ["pools", pools],
    ["percpu areas", percpu ? "modelled" : "not modelled"],
    ["protocols", version === undefined ? "none" : protocolsOf(version).join(", ") || "none"],
  ];
}

/** The changes since the release before it. */
function behaviour({ labels, like }: Promises): string {
  const own = versionOf(labels[0] as string);
  const other = like === undefined ? undefined : versionOf(like);
  const outside = own && other && changesBetween(other, own, "outside").gained;
  if (outside !== undefined && outside.length > 0)
    return section(
      `Otherwise than ${like}, to calls outside their domain`,
      outside.map((each) => `  ${changeText(each)}`),
    );
  const here = LABELLED.find((each) => labels.includes(each.label));
  const before =
    here &&
    LABELLED.findLast(
      (each) => !labels.includes(each.label) && LABELLED.indexOf(each) < LABELLED.indexOf(here),
    );
  if (here === undefined || before === undefined) return `${pc.bold("Changes")}\n  none in the table`;
  const { gained, lost } = changesBetween(before.version, here.version);
  const lines = [...gained.map(changeText), ...lost.map((each) => `without ${changeText(each)}`)];
  return section(
    `Changes since ${before.label}`,
    lines.map((line) => `  ${line}`),
  );
}

/** Its own bugs, and those it inherited. */
function bugRows(wing: OpenWing, kernel: Kernel): string[][] {
  return bugsOf(wing, kernel).map(({ bug, laws }) => [
    "",
    bug.number ?? "*",
    bug.id,
    laws.join("\n"),
    spanText(bug),
  ]);
}

function stepBugRows(protocols: readonly string[]): string[][] {
  return INTERLEAVED.flatMap((bug) => {
    const here = bug.violations.filter((each) =>
      [each.protocol, ...(each.also ?? [])].some((name) => protocols.includes(name)),
    );
    if (here.length === 0) return [];
    const shown = new Set(
      here
        .flatMap((each) => [each.protocol, ...(each.also ?? [])])
        .filter((name) => protocols.includes(name)),
    );
    const laws = [...new Set(here.map(({ law }) => law))];
    return [["", bug.number ?? "*", bug.id, laws.join("\n"), [...shown].filter(familyOf).join(", ")]];
  });
}
