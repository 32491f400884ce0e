/** What changes around a gather: allocations, grace periods, users, other threads; and ppc64's lazy mode. */
import { command, forSlots, hex, optional, owesPage } from "./command.ts";
import type { Of } from "./kinds.ts";

type SetNumber = Of<"cpus" | "users" | "mmcpus" | "current">;

export const failAlloc = command<Of<"failAlloc">>({
  op: "failAlloc",
  fields: { n: "count", after: optional("count") },
  call: "fail",
  weight: 5,
  every: () => [{ op: "failAlloc", n: 1 }],
  legal: ({ failing }) => !failing,
  says: ({ n, after = 0 }) =>
    `${after === 0 ? "the next" : `after ${after} more, the next`} ${n === 1 ? "allocation fails" : `${n} allocations fail`}`,
});

export const rcuRun = command<Of<"rcuRun">>({
  op: "rcuRun",
  fields: {},
  call: "rcu",
  weight: 5,
  every: () => [{ op: "rcuRun" }],
  legal: ({ tables }) => [...tables.values()].some(({ queued }) => queued),
  says: () => "grace periods end, if no walker is there",
});

export const pending = command<Of<"pending">>({
  op: "pending",
  fields: { delta: "delta" },
  call: "pending",
  weight: 3,
  every: () => [1, -1].map((delta): Of<"pending"> => ({ op: "pending", delta })),
  legal: ({ pending: now }, { delta }) => now + delta >= 0 && now + delta <= 1,
  says: ({ delta }) => `another thread ${delta > 0 ? "changes PTEs and has not flushed" : "has flushed"}`,
});

function number(op: SetNumber["op"], says: (n: number) => string, values: readonly number[]) {
  return command<SetNumber>({
    op,
    fields: { n: "count" },
    call: "users",
    weight: 2,
    offered: (_promises, { arch }) =>
      op === "users" ? true : op === "mmcpus" ? arch === "ppc64" : arch === "s390",
    every: () => values.map((n) => ({ op, n })),
    legal: (world, { n }) => op !== "users" || world.users !== n,
    says: ({ n }) => says(n),
  });
}

export const users = number("users", (n) => `mm_users is ${n}`, [1, 2]);
export const cpus = number("cpus", (n) => `there are ${n} CPUs`, []);
export const mmcpus = number("mmcpus", (n) => `the mm's CPU mask is ${n}`, [1, 15]);
export const current = number(
  "current",
  (n) => `the mm is ${n ? "" : "not "}that of the current task`,
  [0, 1],
);

export const asceLimit = command<Of<"asceLimit">>({
  op: "asceLimit",
  fields: { size: "count" },
  call: "users",
  offered: ({ has }) => has.space,
  every: () => [],
  legal: () => true,
  says: ({ size }) => `the address space has 2^${Math.log2(size)} bytes`,
});

export const lazy = command<Of<"lazy">>({
  op: "lazy",
  fields: { g: "slot", on: optional("true") },
  call: "hash",
  weight: 8,
  feature: "hash",
  every: (scope) =>
    forSlots(scope, (g): Of<"lazy">[] => [
      { op: "lazy", g, on: true },
      { op: "lazy", g },
    ]),
  legal: ({ gathers }, { g, on = false }) => {
    const open = gathers.get(g);
    return open !== undefined && open.lazy !== on && !(on && open.locked) && !open.mustFlush;
  },
  says: ({ g, on }) =>
    `the owner of gather ${g} ${on ? "takes the PTE lock and enters" : "leaves"} lazy mode`,
});

export const unlock = command<Of<"unlock">>({
  op: "unlock",
  fields: { g: "slot" },
  call: "hash",
  weight: 8,
  feature: "hash",
  every: (scope) => forSlots(scope, (g): Of<"unlock">[] => [{ op: "unlock", g }]),
  legal: (world, { g }) => {
    const open = world.gathers.get(g);
    return open?.locked === true && !open.lazy;
  },
  says: ({ g }) => `the owner of gather ${g} drops the PTE lock`,
});

export const hpte = command<Of<"hpte">>({
  op: "hpte",
  fields: {
    ...{ g: "slot", addr: "addr", n: optional("count") },
    ...{ psize: optional("count"), ssize: optional("count"), huge: optional("true") },
  },
  call: "hash",
  weight: 14,
  feature: "hash",
  every: (scope) => forSlots(scope, (g) => scope.pages.map((addr): Of<"hpte"> => ({ op: "hpte", g, addr }))),
  legal: (world, { g, addr }) => {
    const open = world.gathers.get(g);
    if (open === undefined || open.mustFlush || open.freesTables || owesPage(world, g)) return false;
    return open.lazy && world.ptes.has(addr);
  },
  says: ({ addr, n = 1 }) =>
    `the hash entr${n === 1 ? "y" : "ies"} of ${hex(addr)}${n === 1 ? "" : ` and ${n - 1} more`} ${n === 1 ? "is" : "are"} to go`,
});
