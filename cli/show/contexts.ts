/** What a tree's calls do that a caller's context or mask forbids, as text and as JSON. */
import type { ContextViolation, ReplayedWatchedCall, TreeContexts } from "../../jobs/trees/contexts.ts";
import { pc } from "../colour.ts";
import { commandLine } from "../output.ts";
import { counted } from "./text.ts";

/** What a tree's calls do that a caller's context or mask forbids. */
export function contextsText({ kernel, as, callers, calls, violations }: TreeContexts): string {
  const from = [...new Set(callers.map(({ context }) => context))].join(", ");
  const masks = [...new Set(callers.map(({ mask }) => mask.name))].join(", ");
  const head = `${pc.bold(`Contexts and masks of ${kernel}`)}, of callers that ${as} allows (${from}; ${masks})`;
  const verdict = `${counted(calls, "call")}, those in which an allocation fails included: ${violations.length === 0 ? pc.green("nothing violated") : counted(violations.length, "violation")}`;
  return [`${head}\n${verdict}`, ...violations.map(contextText)].join("\n");
}

function contextText(found: ContextViolation): string {
  const { law, bug, call, says, line } = found;
  const known = bug === undefined ? pc.red("unexpected") : `known as ${bug}`;
  const at = line === undefined ? "" : ` at mm/vmalloc.c:${line}`;
  const text = `${pc.bold(law)}  ${known}: ${call} (${whenText(found)}) ${says}${at}`;
  return found.replay === undefined ? text : `${text}\n${commandLine("replay", found.replay)}`;
}

function whenText({ context, situation, fails }: Pick<ContextViolation, "context" | "situation" | "fails">) {
  return `${context}; ${situation}${fails === 0 ? "" : `, and its allocation ${fails} of memory fails`}`;
}

/** A kept call, made again. */
export function watchedCallText({ target, file, contexts, found, accepted }: ReplayedWatchedCall): string {
  const { kernel, calls } = contexts;
  if (accepted)
    return pc.green(
      `accepted: ${kernel} keeps ${file.law} in ${file.watched} (${whenText(file)}), of ${calls} calls made: ${target}`,
    );
  return [pc.red(`${kernel} violates ${file.law}: ${target}`), ...found.map(contextText)].join("\n");
}

/** A violation of a law of contexts and masks. */
export const contextJson = ({ mask, bug, line, replay, ...each }: ContextViolation) => ({
  ...each,
  ...{ mask: mask.name, bug: bug ?? null, line: line ?? null, replay: replay ?? null },
});
