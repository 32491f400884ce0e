/** Laws of the specification that are judged here in every state, by the same words. */
import type { EventuallyEnds, LawStatement } from "../../engine/machine.ts";
import { hasNot } from "../../engine/reduce/conditions.ts";
import type { Field } from "../../engine/search/layout.ts";
import { LAWS } from "../../spec/gather/laws/index.ts";

function statementOf(law: string): LawStatement {
  const found = LAWS.find(({ id }) => id === law);
  if (found === undefined) throw new Error(`the specification has no law ${law}`);
  return { id: found.id, says: found.says };
}

export const freedNotReached: LawStatement = statementOf("freed-not-reached");
export const freedTableNotWalked: LawStatement = statementOf("freed-table-not-walked");
export const finishLeavesNothingStale: LawStatement = statementOf("finish-leaves-nothing-stale");
export const oneHashEntry: LawStatement = statementOf("one-hash-entry");

/** Each of these CPUs or tasks is idle again in the end. */
export const eachEnds = (
  those: readonly { readonly index: number; readonly phase: Field }[],
  id: string,
  says: string,
): EventuallyEnds[] =>
  those.map(({ index, phase }) => ({ id: `${id}-${index}`, says, when: [hasNot(phase, 0)] }));
