/**
 * A run as an ITF trace (Informal Trace Format, ADR-015 of Apalache), as Quint and Apalache write and read it:
 * whole numbers as `{"#bigint": "7"}`, lists and records as in JSON, the action into a state under the name that
 * Quint uses.
 */
export type ItfValue =
  | number
  | boolean
  | string
  | readonly ItfValue[]
  | { readonly [name: string]: ItfValue };

/** One state: its variables by name, and the action that led to it. */
export interface ItfState {
  readonly action: string;
  readonly variables: Readonly<Record<string, ItfValue>>;
}

const ACTION = "mbt::actionTaken";

/** The text of an .itf.json file. Every state has the same variables. */
export function itfText(source: string, description: string, states: readonly ItfState[]): string {
  const variables = Object.keys(states[0]?.variables ?? {});
  const document = {
    "#meta": {
      format: "ITF",
      "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
      source,
      description,
    },
    vars: [...variables, ACTION],
    states: states.map(({ action, variables: values }, index) => ({
      "#meta": { index },
      ...Object.fromEntries(variables.map((name) => [name, encoded(values[name] as ItfValue)])),
      [ACTION]: action,
    })),
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

function encoded(value: ItfValue): unknown {
  if (typeof value === "number") return { "#bigint": String(value) };
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(encoded);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, encoded(each)]));
}
