/** Conformance: a model of a gather gets a recording's commands, and must answer as the real one did. */
import type { Command } from "../../spec/gather/commands.ts";
import type { Dump, Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import type { FieldDifference } from "../../spec/wing.ts";
import type { Exchange, Trace } from "./recording.ts";

export interface Difference {
  /** Index of the command in its trace, without `init`. */
  readonly index: number;
  readonly fields: readonly FieldDifference[];
  readonly before: Dump;
  readonly response: Response;
}

export interface Conformance {
  readonly difference: Difference | undefined;
}

/** What it needs of a kernel. */
interface Model<S> {
  initial(scope: Scope): S;
  act(state: S, command: Command): Response;
  dump(state: S): Dump;
}

/** Runs one trace to its first difference or to its end. */
export function conform<S>(kernel: Model<S>, trace: Trace): Conformance {
  const state = kernel.initial(trace.scope);
  const first = differencesIn([["init", trace.init.dump, kernel.dump(state)]]);
  if (first.length > 0) {
    const before = kernel.dump(state);
    return { difference: { index: -1, fields: first, before, response: { events: [] } } };
  }
  for (const [index, exchange] of trace.exchanges.entries()) {
    const before = kernel.dump(state);
    const response = kernel.act(state, exchange.command);
    const fields = compareReply(exchange, response, kernel.dump(state));
    if (fields.length > 0) return { difference: { index, fields, before, response } };
  }
  return { difference: undefined };
}

/** Every field of a recorded reply beside what was answered, and a dump beside the recorded one. */
export function compareReply(exchange: Exchange, ours: Response, dump: Dump): FieldDifference[] {
  const { response: theirs } = exchange;
  const names = new Set([...Object.keys(theirs), ...Object.keys(ours)]) as Set<keyof Response>;
  const pairs: [field: string, recorded: unknown, ours: unknown][] = [...names].map((name) => [
    name,
    theirs[name],
    ours[name],
  ]);
  if (exchange.dump !== undefined) pairs.push(["dump", exchange.dump, dump]);
  return differencesIn(pairs);
}

function differencesIn(pairs: readonly (readonly [string, unknown, unknown])[]): FieldDifference[] {
  return pairs
    .filter(([, a, b]) => !same(a, b))
    .map(([field, recorded, ours]) => ({ field, recorded, ours }));
}

/** Equality of plain data. An absent field is one that is undefined. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key in one) if (!same(one[key], other[key])) return false;
  for (const key in other) if (other[key] !== undefined && one[key] === undefined) return false;
  return true;
}
