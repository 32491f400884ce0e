/** The report on a campaign for the page: its tasks, and a film of each history that they found. */
import type { Finding } from "../../adapters/campaign-file.ts";
import { InputError } from "../../adapters/input-error.ts";
import { interleavingIn, isInterleaving } from "../../adapters/interleaving-file.ts";
import type { CampaignReport } from "../campaign/report.ts";
import { VERSION } from "../package-version.ts";
import { replayHistory } from "../replay.ts";
import { replayRun } from "../replay-run.ts";
import { UsageError } from "../usage-error.ts";
import { writtenIn } from "../wings.ts";
import type { CampaignDocument, Document, Film, RunFilm } from "./documents.ts";
import { filmOfHistory } from "./film.ts";
import { filmOfRun } from "./run-film.ts";

/** More histories than these are listed, and not drawn. */
const MOST_FILMS = 200;

/** All documents of the page, by their addresses. */
export async function campaignDocuments(report: CampaignReport): Promise<ReadonlyMap<string, Document>> {
  const films = new Map<string, Film | RunFilm>();
  const tasks: CampaignDocument["tasks"][number][] = [];
  // What was not as expected comes first.
  const jobs = report.jobs.toSorted((a, b) => rank(a.outcome) - rank(b.outcome));
  for (const { id, outcome, says, seconds, findings } of jobs) {
    const found = [];
    for (const finding of findings) {
      const film = films.size < MOST_FILMS ? await filmOf(`finding-${films.size + 1}`, finding) : undefined;
      const opens = film && `${film.kind === "run" ? "run" : "history"}?target=finding-${films.size + 1}`;
      if (film !== undefined && opens !== undefined) films.set(opens, film);
      const { law, subject, bug, commands } = finding;
      found.push({ law, subject, bug, commands, opens: opens ?? null });
    }
    tasks.push({ id, outcome, says, seconds, findings: found });
  }
  const { name, seed, totals, open, histories, states } = report;
  const document: CampaignDocument = { kind: "campaign", name, seed, totals, open, histories, states, tasks };
  const start = { kind: "start", version: VERSION, given: name, opens: "campaign" } as const;
  return new Map<string, Document>([["start", start], ["campaign", document], ...films]);
}

const rank = (outcome: string) => (outcome === "as expected" ? 1 : 0);

/** Undefined for a finding without a history, and for one on what is not here, such as a tree. */
async function filmOf(name: string, { file }: Finding): Promise<Film | RunFilm | undefined> {
  if (file === null) return undefined;
  try {
    const json: unknown = JSON.parse(file);
    if (isInterleaving(json)) {
      const run = { kernel: undefined, law: undefined };
      return await filmOfRun(replayRun(name, interleavingIn(name, json), run), name);
    }
    const wing = await writtenIn(json);
    const history = wing.files.historyIn(name, json);
    const kernel = wing.kernelCalled(history.kernel);
    if (kernel === undefined) return undefined;
    const chosen = { name, history, kernel, bug: undefined, rerun: false };
    return filmOfHistory(replayHistory(wing, chosen, { law: undefined, called: undefined }), "");
  } catch (error) {
    if (error instanceof InputError || error instanceof UsageError || error instanceof SyntaxError)
      return undefined;
    throw error;
  }
}
