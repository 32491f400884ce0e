/**
 * A run as an ITF trace (Informal Trace Format, ADR-015 of Apalache), as Quint and Apalache read it: whole numbers as
 * `{"#bigint": "7"}`, lists and records as in JSON, every name an identifier, and the action into a state as a variable.
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

const ACTION = "actionTaken";

/** The text of an .itf.json file. Every state has the same variables. Throws an Error if two would have one name. */
export function itfText(source: string, description: string, states: readonly ItfState[]): string {
  const variablesOf = (state: ItfState) =>
    identified([...Object.entries(state.variables), [ACTION, state.action]]);
  const document = {
    "#meta": {
      format: "ITF",
      "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
      source,
      description,
    },
    vars: states.slice(0, 1).flatMap((state) => Object.keys(variablesOf(state))),
    states: states.map((state, index) => ({ "#meta": { index }, ...variablesOf(state) })),
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

function encoded(value: ItfValue): unknown {
  if (typeof value === "number") return { "#bigint": String(value) };
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(encoded);
  return identified(Object.entries(value));
}

/** The values by identifiers. */
function identified(values: readonly (readonly [string, ItfValue])[]): Record<string, unknown> {
  const named = values.map(([name, value]) => [identifier(name), encoded(value)] as const);
  const twice = named.find(([name], nth) => named.findIndex(([other]) => other === name) !== nth);
  if (twice !== undefined) throw new Error(`two names are the identifier ${twice[0]}`);
  return Object.fromEntries(named);
}

/** `purge_lock` for `purge lock`: a letter, then letters, digits and underscores. */
export function identifier(name: string): string {
  const joined = name.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(joined) ? joined : `_${joined}`;
}
