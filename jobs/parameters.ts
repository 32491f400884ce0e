/** The parameters of a machine's scope: parsing, printing, checks. */

import type { Parameters, Subject } from "./subject-types.ts";
import { UsageError } from "./usage-error.ts";

/** A machine with parameters. */
type Scoped = Pick<Subject, "name" | "parameters">;

/**
 * `V=3,F=2` over the usual values, or these if no scope is given. Throws a UsageError for an unknown name, an
 * impossible value, and for text without a name.
 */
export function parametersOf(scoped: Scoped, scope?: string): Record<string, number> {
  const { name, parameters } = scoped;
  const chosen = Object.fromEntries(Object.entries(parameters).map(([key, { usual }]) => [key, usual]));
  const given = new Set<string>();
  for (const part of scope?.split(",") ?? []) {
    const [, key = "", digits = ""] = /^(\w+)=(.*)$/s.exec(part) ?? [];
    if (!Object.hasOwn(parameters, key)) {
      throw new UsageError(`--scope of ${name} takes ${formOf(scoped)}, not ${JSON.stringify(part)}`);
    }
    if (!/^\d+$/.test(digits))
      throw new UsageError(`--scope: ${key} takes a whole number, not ${JSON.stringify(digits)}`);
    if (given.has(key)) throw new UsageError(`--scope gives ${key} twice`);
    given.add(key);
    chosen[key] = Number(digits);
  }
  const wrong = wrongIn(scoped, chosen);
  if (wrong !== undefined) throw new UsageError(`--scope: ${wrong}`);
  return chosen;
}

/** Why these are not the parameters of a machine, all of them and no other, in a few words; undefined if they are. */
export function wrongIn({ name, parameters }: Scoped, given: Parameters): string | undefined {
  const other = Object.keys(given).find((key) => !Object.hasOwn(parameters, key));
  if (other !== undefined) return `${name} has no parameter ${JSON.stringify(other)}`;
  for (const [key, { counts, least = 1, most }] of Object.entries(parameters)) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (value !== undefined && value >= least && value <= most) continue;
    return `${key} (${counts}) is from ${least} to ${most}, not ${value ?? "given"}`;
  }
  return undefined;
}

/** The parameters in the machine's own order. */
export function inOrder({ parameters }: Scoped, given: Parameters): Record<string, number> {
  return Object.fromEntries(Object.keys(parameters).map((key) => [key, given[key] as number]));
}

export function scopeText(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

const formOf = ({ parameters }: Scoped) =>
  Object.keys(parameters)
    .map((key) => `${key}=N`)
    .join(",");
