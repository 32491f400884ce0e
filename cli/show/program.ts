/** A protocol's program as text, to compare with the kernel's source. */
import { IDLE } from "../../protocols/program.ts";
import type { Program, ProgramPhase, ProgramStep } from "../../protocols/program-text.ts";

export function programText({ calls, hardware }: Program): string {
  const callOf = new Map(calls.flatMap(({ says, phases }) => phases.map(({ at }) => [at, says] as const)));
  /** The next phase of a step; and the call above that has it, if that is another one. */
  const targetFrom = (call: string) => (to: string) => {
    const other = callOf.get(to);
    if (to === IDLE) return "return";
    return `goto ${to}${other === undefined || other === call ? "" : ` (in ${other})`}`;
  };
  const callText = calls.map(({ says, phases }) => [
    says,
    ...phases.flatMap((phase) => phaseLines(phase, targetFrom(says))).map(indented),
  ]);
  const beside = hardware.flatMap((step) => [titleOf(step), ...bodyOf(step).map(indented)]);
  const paragraphs = [
    ...callText,
    ...(beside.length === 0 ? [] : [["at any time", ...beside.map(indented)]]),
  ];
  return paragraphs.map((lines) => lines.join("\n")).join("\n\n");
}

const indented = (line: string) => `  ${line}`;

function phaseLines({ at, waitsUntil, steps }: ProgramPhase, target: (to: string) => string): string[] {
  const lines = (step: ProgramStep) => [...bodyOf(step), target(step.to)];
  if (at === IDLE) return steps.flatMap(lines);
  return [
    `${at}:`,
    ...(waitsUntil.length === 0 ? [] : [`  wait until ${waitsUntil.join(" and ")}`]),
    ...steps.flatMap((step) => [titleOf(step), ...lines(step).map(indented)]).map(indented),
  ];
}

/** The words of a step, and its letters. */
function titleOf({ says, each }: ProgramStep): string {
  const letters = Object.entries(each).map(([letter, values]) => `${letter} in ${values.join(", ")}`);
  return `/* ${says}${letters.length === 0 ? "" : `: ${letters.join("; ")}`} */`;
}

function bodyOf({ onlyIf, does, keeps }: ProgramStep): string[] {
  return [
    ...(onlyIf.length === 0 ? [] : [`when ${onlyIf.join(" and ")}`]),
    ...keeps.map((law) => `assert ${law}`),
    ...does,
  ];
}
