/** The lazy-unmap protocol in Promela, every transition written out: what Spin is given in bench/spin.ts. */
import type { LazyUnmapScope } from "../protocols/vmap/lazy-unmap.ts";

const upTo = (count: number) => Array.from({ length: count }, (_none, at) => at);

/** One process that loops over all transitions; each is one d_step, so that a state is one turn of the loop. */
export function promela({ V, F, C }: LazyUnmapScope): string {
  const pages = upTo(V);
  const cpus = upTo(C);
  const frames = upTo(F).map((at) => at + 1);
  const entry = (cpu: number, page: number) => `tlb[${cpu * V + page}]`;
  const eachPage = (write: (page: number) => string) => pages.map(write).join(" ");
  const begin = (by: number) =>
    `${eachPage((v) => `if :: area[${v}] == 2 -> pte[${v}] = 0; area[${v}] = 3 :: else fi;`)} pending = ${2 ** C - 1}; purger = ${by}`;
  const release = `${eachPage((v) => `if :: area[${v}] == 3 -> area[${v}] = 0 :: else fi;`)} purger = 0`;
  const anyLazy = pages.map((v) => `area[${v}] == 2`).join(" || ");
  const maps = (number: string) =>
    [
      ...pages.map((v) => `pte[${v}] == ${number}`),
      ...cpus.flatMap((c) => pages.map((v) => `${entry(c, v)} == ${number}`)),
    ].join(" || ");
  const others = (v: number) =>
    pages
      .filter((other) => other !== v)
      .map((other) => `(area[${other}] == 1 && pte[${other}] == pte[${v}])`)
      .join(" || ") || "false";
  const steps = [
    ...pages.flatMap((v) =>
      frames.map((f) => [
        `area[${v}] == 0 && frame[${f - 1}] <= 1`,
        `area[${v}] = 1; pte[${v}] = ${f}; frame[${f - 1}] = 1`,
      ]),
    ),
    ...pages.map((v) => [
      `area[${v}] == 1`,
      `if :: ${others(v)} -> frame[pte[${v}] - 1] = 1 :: else -> frame[pte[${v}] - 1] = 0 fi; area[${v}] = 2`,
    ]),
    [`purger == 0 && (${anyLazy})`, begin(1)],
    ["purger == 1 && pending == 0", release],
    ...frames.map((f) => [
      `phase == 0 && frame[${f - 1}] == 0`,
      `frame[${f - 1}] = 2; wanted = ${f}; phase = 1`,
    ]),
    ["phase == 1 && purger == 0", `${begin(2)}; phase = 2`],
    ["purger == 2 && pending == 0", `${release}; phase = 3`],
    ["phase == 3", `assert(!(${maps("wanted")})); frame[wanted - 1] = 3; wanted = 0; phase = 0`],
    ...frames.map((f) => [`frame[${f - 1}] == 3`, `frame[${f - 1}] = 0`]),
    ...cpus.flatMap((c) =>
      pages.map((v) => [`pte[${v}] != 0 && ${entry(c, v)} == 0`, `${entry(c, v)} = pte[${v}]`]),
    ),
    ...cpus.map((c) => [
      `(pending & ${1 << c}) != 0`,
      `${eachPage((v) => `if :: area[${v}] == 3 -> ${entry(c, v)} = 0 :: else fi;`)} pending = pending & ${2 ** C - 1 - (1 << c)}`,
    ]),
  ];
  const invariant = [
    ...pages.map(
      (v) =>
        `(area[${v}] != 0 || (pte[${v}] == 0 && ${cpus.map((c) => `${entry(c, v)} == 0`).join(" && ")}))`,
    ),
    ...pages.map(
      (v) =>
        `(area[${v}] != 1 || (pte[${v}] != 0 && ${cpus.map((c) => `(${entry(c, v)} == 0 || ${entry(c, v)} == pte[${v}])`).join(" && ")}))`,
    ),
    ...frames.map((f) => `(frame[${f - 1}] != 3 || !(${maps(String(f))}))`),
  ].join(" && ");
  return [
    `byte area[${V}]; byte pte[${V}]; byte tlb[${V * C}]; byte frame[${F}];`,
    "byte pending; byte purger; byte wanted; byte phase;",
    "active proctype all() {",
    "  do",
    ...steps.map(([guard, effect]) => `  :: d_step { ${guard} -> ${effect}; assert(${invariant}) }`),
    "  od",
    "}",
    "",
  ].join("\n");
}
