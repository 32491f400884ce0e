/** The graph of a machine that was explored, for Graphviz: a node a state, an edge a transition. */
import { emptyBatch } from "./batch.ts";
import type { Explored, Visitable } from "./explore.ts";

/** The largest graph that is drawn, in states: beyond, no layout is of any use. */
export const MOST_DRAWN = 2000;

/** Throws a RangeError for a graph of more than 2000 states. `label` is what a node says, a line each. */
export function dotText(
  machine: Visitable,
  { reached, states }: Explored,
  label: (state: number) => readonly string[],
): string {
  if (states > MOST_DRAWN)
    throw new RangeError(`${states} states are too many to draw: ${MOST_DRAWN} at most`);
  const lines = [
    `digraph ${quoted(machine.name)} {`,
    "  rankdir=LR;",
    "  node [shape=box, fontname=monospace];",
  ];
  for (let state = 0; state < states; state++) {
    const style = state === 0 ? ", style=bold" : "";
    lines.push(`  s${state} [label=${quoted(label(state).join("\n"))}${style}];`);
  }
  const form = new Int32Array(machine.words);
  for (let state = 0; state < states; state++) {
    const batch = emptyBatch(machine.words, machine.actions.length);
    machine.expand(state, reached, batch);
    for (let nth = 0; nth < batch.count; nth++) {
      const base = nth * machine.words;
      for (let word = 0; word < machine.words; word++) form[word] = batch.forms[base + word] as number;
      const to = batch.goesOn[nth] === 1 ? `s${reached.find(form)}` : "ends";
      const broken = (batch.broken[nth] as number) === 0 ? "" : ", color=red";
      lines.push(
        `  s${state} -> ${to} [label=${quoted(machine.actions[batch.by[nth] as number] as string)}${broken}];`,
      );
    }
  }
  return `${[...lines, "}"].join("\n")}\n`;
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\l")}"`;
}
