/** The matrix subject x law: what the catalogue has, and of one subject what a check finds. */
import { INTERLEAVED } from "../../counterexamples/interleavings.ts";
import { lawsOf } from "../../engine/actions.ts";
import { STEP_PROTOCOLS } from "../../protocols/index.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import { type Bug, isPromised, type Kernel, type OpenWing } from "../../spec/wing.ts";
import { check } from "../check/check.ts";
import { usualScope } from "../check/interleaved.ts";
import type { Cell, KernelReport } from "../check/kernel.ts";
import { protocolsOf } from "../interleaved-orders.ts";
import { readPinned, readPinnedInterleaving } from "../pin/pinned.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { bugMeant, WINGS } from "../wings.ts";
import type { Watch } from "../work.ts";
import type { Matrix, MatrixCell, MatrixSubject } from "./documents.ts";
import type { FoundHistories } from "./found.ts";

/** What the catalogue's pinned histories show, of every release: nothing is run. */
export async function matrixOfCatalogue(): Promise<Matrix> {
  const wings = await Promise.all(WINGS.map(({ open }) => open()));
  const released = (await Promise.all(wings.map(subjectsOf))).flat();
  const steps = await stepsOfRuns();
  const interleaved = OPEN_VMAP.kernels.flatMap(({ name }) => interleavedSubject(name, steps));
  const laws = wings.flatMap((wing) => {
    const violated = wing.bugs.flatMap(({ violations }) => violations.map(({ law }) => law));
    const asked = wing.kernels.flatMap((kernel) => wing.lawsFor(kernel).map(({ id }) => id));
    const shown = new Set([...asked, ...violated]);
    return wing.laws
      .filter(({ id }) => shown.has(id))
      .map(({ id, says, source }) => ({ id, says, source, wing: wing.name, grain: "call" as const }));
  });
  return {
    kind: "matrix",
    laws: [...laws, ...lawsOfSteps(interleaved)],
    subjects: [...released, ...interleaved],
  };
}

interface PinnedLength {
  readonly bug: Bug;
  readonly law: string;
  readonly on: readonly string[];
  readonly commands: number;
}

async function subjectsOf(wing: OpenWing): Promise<readonly MatrixSubject[]> {
  const all = wing.bugs.flatMap((bug) => bug.violations.map((pinned) => ({ bug, pinned })));
  const pinned = await Promise.all(
    all.map(async ({ bug, pinned }): Promise<PinnedLength> => {
      const { commands } = await readPinned(wing, bug, pinned);
      return { bug, law: pinned.law, on: pinned.on, commands: commands.length };
    }),
  );
  return wing.kernels.map((kernel) => subjectOf(wing, kernel, pinned));
}

function subjectOf(wing: OpenWing, kernel: Kernel, pinned: readonly PinnedLength[]): MatrixSubject {
  const { name, release } = kernel;
  const here = pinned.filter(({ on }) => on.includes(name));
  const laws = new Set([...wing.lawsFor(kernel).map(({ id }) => id), ...here.map(({ law }) => law)]);
  const cells = [...laws].map((id): MatrixCell => {
    const promised = isPromised(kernel, id);
    const [best] = here
      .filter(({ law }) => law === id)
      .sort((a, b) => rankOf(a.bug) - rankOf(b.bug) || a.commands - b.commands);
    if (best !== undefined) return violatedCell(id, promised, best.bug, best.commands, name);
    return promised
      ? cellOf(id, "open", "promised", "no history that violates it is pinned; a check tries more")
      : cellOf(id, "absent", "-", "not promised");
  });
  const others = release.labels.filter((label) => label !== name);
  const says = others.length === 0 ? "" : `answers as ${others.join(", ")} too`;
  return { name, says, wing: wing.name, grain: "call", cells };
}

/** A bug with a number before one without, and one that was reported before one that was not. */
const rankOf = ({ number, latent }: Bug) => (number === undefined ? 2 : 0) + (latent === true ? 1 : 0);

const cellOf = (law: string, verdict: MatrixCell["verdict"], text: string, says: string): MatrixCell => ({
  law,
  verdict,
  text,
  says,
  opens: null,
});

const historyAt = (bug: string, law: string, kernel: string) =>
  `history?${new URLSearchParams({ target: bug, law, kernel })}`;

function violatedCell(
  law: string,
  promised: boolean,
  bug: Bug,
  commands: number,
  kernel: string,
): MatrixCell {
  const short = bug.number ?? "*";
  return {
    law,
    verdict: promised ? "violated" : "short",
    text: promised ? `${short} in ${commands}` : `(${short})`,
    says: `${promised ? "violated" : "not promised, and violated"} by ${bug.id} in ${commands} ${commands === 1 ? "command" : "commands"}`,
    opens: historyAt(bug.id, law, kernel),
  };
}

export interface Asked {
  readonly kernel: string;
  /** The directory of the tree, if the subject is one, and the word for it in an address. */
  readonly tree?: { readonly directory: string; readonly word: string } | undefined;
  readonly runs: number;
  /** What is found beside the catalogue is kept here. */
  readonly found: FoundHistories;
}

/** One subject, checked now: a release, or the tree that was given. */
export async function checkedSubject(
  { kernel, tree, runs, found }: Asked,
  watch: Watch,
): Promise<MatrixSubject | undefined> {
  const asked = tree === undefined ? { kernels: [kernel] } : { tree: { directory: tree.directory } };
  const { reports } = await check({ ...asked, runs, ...watch });
  const report = reports.at(-1);
  if (report === undefined) return undefined;
  const { name, release } = report.kernel;
  const drawn = `${report.histories} random histories`;
  const states = `every state of a small space (${report.explored?.states ?? 0})`;
  const cells = await Promise.all(
    report.cells.map((cell) => checkedCell(cell, report, tree?.word ?? name, `${drawn}, ${states}`, found)),
  );
  return {
    name,
    says: `checked: ${drawn}, and ${states}${release.like === undefined ? "" : `; judged as ${release.like}`}`,
    wing: report.wing.name,
    grain: "call",
    cells,
  };
}

async function checkedCell(
  { law, verdict, tried, bug, commands }: Cell,
  { wing, kernel, surprises }: KernelReport,
  word: string,
  what: string,
  found: FoundHistories,
): Promise<MatrixCell> {
  const surprise = surprises.find((each) => each.kind === "unknown" && each.law === law);
  if (surprise !== undefined) {
    const target = found.keep(wing, kernel, surprise);
    const [like, ...more] = surprise.alike ?? [];
    const number = like === undefined || more.length > 0 ? undefined : (await bugMeant(like))?.bug.number;
    const short = `${number ?? ""}?`;
    const opens = target === undefined ? null : `history?${new URLSearchParams({ target })}`;
    return { ...cellOf(law, "unknown", `${short} in ${commands}`, surprise.what), opens };
  }
  const known = bug === null ? undefined : (await bugMeant(bug))?.bug;
  if (known !== undefined) return violatedCell(law, verdict !== "not-promised", known, commands ?? 0, word);
  if (verdict === "not-promised") return cellOf(law, "absent", "-", "not promised");
  if (verdict === "not-tried")
    return cellOf(law, "open", "not tried", "nothing was tried that could violate it");
  return tried === "random"
    ? cellOf(law, "kept", "ok", `kept in ${what}`)
    : cellOf(law, "visited", "visited", "kept in every state of a small space; nothing else was tried");
}

interface StepsOfRun {
  readonly bug: string;
  readonly number: string | undefined;
  readonly law: string;
  readonly protocol: string;
  readonly on: readonly string[];
  readonly steps: number;
  readonly loop: number | undefined;
}

async function stepsOfRuns(): Promise<readonly StepsOfRun[]> {
  const all = INTERLEAVED.flatMap((bug) => bug.violations.map((broken) => ({ bug, broken })));
  return Promise.all(
    all.map(async ({ bug, broken }) => {
      const { steps, loop } = await readPinnedInterleaving(bug, broken);
      const { law, protocol, also = [] } = broken;
      const on = [protocol, ...also];
      return { bug: bug.id, number: bug.number, law, protocol, on, steps: steps.length, loop: loop?.length };
    }),
  );
}

/** The laws of a law's several CPUs are one. */
const withoutCpu = (law: string) => law.replace(/(-on-cpu)?-\d+$/, "");

function interleavedSubject(name: string, runs: readonly StepsOfRun[]): MatrixSubject[] {
  const version = versionOf(name);
  const protocols = version === undefined ? [] : protocolsOf(version);
  if (protocols.length === 0) return [];
  const machines = STEP_PROTOCOLS.filter((each) => protocols.includes(each.name));
  const laws = new Set(
    machines.flatMap((each) => {
      const machine = each.machine(usualScope(each));
      return [...lawsOf(machine), ...(machine.eventuallyEnds ?? [])].map(({ id }) => withoutCpu(id));
    }),
  );
  const cells = [...laws].map((law): MatrixCell => {
    const here = runs.filter(
      (run) => withoutCpu(run.law) === law && run.on.some((on) => protocols.includes(on)),
    );
    const [best] = here.toSorted((a, b) => a.steps - b.steps);
    if (best === undefined) return cellOf(law, "open", "asserted", "no run that violates it is pinned");
    const { bug, number, steps, loop } = best;
    const length = `${steps}${loop === undefined ? "" : ` + ${loop}`}`;
    const protocol = best.on.find((on) => protocols.includes(on)) ?? best.protocol;
    const words = { target: bug, law: best.law, kernel: protocol };
    return {
      law,
      verdict: "violated",
      text: `${number ?? "*"} in ${length}`,
      says: `violated by ${bug} in ${length} steps of ${protocol}`,
      opens: `run?${new URLSearchParams(words)}`,
    };
  });
  return [{ name, says: protocols.join(", "), wing: "vmap", grain: "step", cells }];
}

/** Each law that some protocol of a release asserts. */
function lawsOfSteps(subjects: readonly MatrixSubject[]): Matrix["laws"] {
  const ids = new Set(subjects.flatMap(({ cells }) => cells.map(({ law }) => law)));
  const says = new Map<string, string>();
  for (const protocol of STEP_PROTOCOLS) {
    const machine = protocol.machine(usualScope(protocol));
    for (const law of [...lawsOf(machine), ...(machine.eventuallyEnds ?? [])])
      if (!says.has(withoutCpu(law.id))) says.set(withoutCpu(law.id), law.says);
  }
  return [...ids].map((id) => ({ id, says: says.get(id) ?? "", source: "", wing: "vmap", grain: "step" }));
}
