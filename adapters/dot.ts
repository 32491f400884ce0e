/** The graph of an explored machine, for Graphviz: a node for each state, an edge for each transition. */
import { type Batch, emptyBatch } from "../engine/search/batch.ts";
import type { Explored, Visitable } from "../engine/search/visitable.ts";

/** The largest graph that is drawn, in states: no layout of a larger one can be read. */
export const MOST_DRAWN = 2000;

/**
 * The text of the graph; `label` gives the lines of a node. Edges that violate a law are red. Throws a RangeError for a
 * graph of more than 2000 states, and for an exploration that ended before its fixpoint: states not visited yet lead to
 * states without a number.
 */
export function dotText(
  machine: Visitable,
  { reached, states, ended }: Explored,
  label: (state: number) => readonly string[],
): string {
  if (states > MOST_DRAWN)
    throw new RangeError(`${states} states are too many to draw: ${MOST_DRAWN} at most`);
  if (ended !== "fixpoint")
    throw new RangeError(`only what was explored whole is drawn: it ended by ${ended}`);
  const nodes = Array.from({ length: states }, (_none, state) => {
    const style = state === 0 ? ", style=bold" : "";
    return `  s${state} [label=${quoted(label(state).join("\n"))}${style}];`;
  });
  const batch = emptyBatch(machine.words, machine.actions.length);
  const form = new Int32Array(machine.words);
  const nodeOf = (nth: number): string => {
    if (batch.continues[nth] === 0) return "ends";
    form.set(formIn(batch, nth));
    return `s${reached.find(form)}`;
  };
  const edges = nodes.flatMap((_node, state) => {
    batch.count = 0;
    machine.expand(state, reached, batch);
    return Array.from({ length: batch.count }, (_none, nth) => {
      const action = quoted(machine.actions[batch.by[nth] as number] as string);
      const colour = isViolated(machine, batch, nth) ? ", color=red" : "";
      return `  s${state} -> ${nodeOf(nth)} [label=${action}${colour}];`;
    });
  });
  const hasEnds = edges.some((edge) => /^\s*s\d+ -> ends /.test(edge));
  const lines = [
    `digraph ${quoted(machine.name)} {`,
    "  rankdir=LR;",
    "  node [shape=box, fontname=monospace];",
    ...nodes,
    ...(hasEnds ? ['  ends [label="", shape=point];'] : []),
    ...edges,
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

const formIn = ({ forms, words }: Batch, nth: number) => forms.subarray(nth * words, (nth + 1) * words);

/** Whether the transition violates a law, or leads to a state that does. */
function isViolated(machine: Visitable, batch: Batch, nth: number): boolean {
  if (batch.violated[nth] !== 0) return true;
  return batch.continues[nth] === 1 && machine.violatedIn(batch.forms, nth * batch.words) !== 0;
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\l")}"`;
}
