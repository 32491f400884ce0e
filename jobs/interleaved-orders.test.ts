import { describe, expect, test } from "vitest";
import { INTERLEAVED } from "../counterexamples/interleavings.ts";
import { spansOf } from "../counterexamples/vmap/evidence.ts";
import { LABELLED } from "../kernels/versions.ts";
import { STEP_PROTOCOLS } from "../protocols/index.ts";
import { hasChange, type Version, versionOf } from "../spec/vmap/change.ts";
import { releaseOf } from "../spec/vmap/releases.ts";
import type { InterleavedReport } from "./check/interleaved.ts";
import { stepColumns } from "./check/step-columns.ts";
import { explore } from "./explore/explore.ts";
import {
  familyOf,
  inSteps,
  orderCalled,
  protocolFor,
  protocolsOf,
  surestProtocolFor,
  whyNone,
} from "./interleaved-orders.ts";

const version = (text: string) => versionOf(text) as Version;

test.each([
  ["blocks-6.6", "blocks-6.5"],
  ["blocks-6.5", undefined],
  ["areas-6.1", "areas-5.18"],
  ["lazy-unmap", undefined],
])("%s means %s", (name, meant) => {
  expect(orderCalled(name)).toBe(meant);
});

describe("a version's protocols are the orders with the same changes, family by family", () => {
  test.each([
    ["2.6.28", "areas-2.6.28 blocks-2.6.28 walks-2.6.28 contexts-2.6.28 objects-2.6.28"],
    ["2.6.28-rc3", "areas-2.6.28-rc3 blocks-2.6.28 walks-2.6.28 contexts-2.6.28 objects-2.6.28"],
    ["2.6.39", "areas-2.6.33 blocks-3.16 walks-2.6.33 contexts-2.6.28 objects-2.6.28"],
    ["4.4", "areas-2.6.33 blocks-4.4 walks-4.4 roots-5.2 contexts-3.11 objects-2.6.28 levels-4.1"],
    ["4.19", "areas-4.10 blocks-4.4 walks-4.4 roots-5.2 contexts-3.11 objects-4.18 levels-4.19"],
    ["5.0.16", "areas-5.1 blocks-4.4 walks-4.4 roots-5.2 contexts-3.11 objects-4.18 levels-4.19"],
    [
      "5.2.1",
      "areas-5.1 blocks-4.4 walks-5.2 roots-5.2 reset-perms-5.2 contexts-3.11 objects-4.18 levels-4.19",
    ],
    [
      "5.2.9",
      "areas-5.1 blocks-4.4 walks-5.2 roots-5.3 reset-perms-5.2 contexts-3.11 objects-4.18 levels-4.19",
    ],
    [
      "5.15",
      "areas-5.1 blocks-5.13 walks-5.13 reset-perms-5.2 contexts-5.5 kasan-5.5 objects-4.18 levels-5.13",
    ],
    [
      "6.6",
      "areas-5.18 blocks-6.5 locks-6.5 reset-perms-5.2 contexts-5.17 kasan-5.5 objects-4.18 levels-6.3",
    ],
    [
      "6.9",
      "areas-6.12 pools-6.9 waits-6.9 blocks-6.12 locks-6.5 reset-perms-5.2 contexts-5.17 kasan-6.9 objects-4.18 levels-6.3",
    ],
    [
      "6.9.8",
      "areas-6.12 pools-6.9 waits-6.9 blocks-6.12 locks-6.10 reset-perms-5.2 contexts-5.17 kasan-6.9 objects-4.18 levels-6.3",
    ],
    [
      "6.12.117",
      "areas-6.12 pools-6.12.96 waits-7.1 blocks-6.12 locks-6.11 reset-perms-5.2 contexts-6.1.192 kasan-6.13 objects-4.18 levels-6.12.117",
    ],
    [
      "7.0.3",
      "areas-6.12 pools-6.16 waits-6.9 blocks-6.12 locks-6.11 reset-perms-5.2 contexts-6.19 kasan-6.17 objects-4.18 levels-6.19",
    ],
    [
      "7.2",
      "areas-6.12 pools-7.1 waits-7.1 blocks-6.12 locks-6.11 reset-perms-5.2 contexts-7.1 kasan-6.17 objects-4.18 levels-7.2",
    ],
    ["2.6.27", ""],
  ])("%s: %s", (text, protocols) => {
    expect(protocolsOf(version(text)).join(" ")).toBe(protocols);
  });

  test("an order that is named after a version describes that version", () => {
    const named = STEP_PROTOCOLS.flatMap(({ name }) => {
      const family = familyOf(name);
      const own = family === undefined ? undefined : versionOf(name.slice(family.length + 1));
      return family === undefined || own === undefined || own.suffix !== "" ? [] : [{ name, family, own }];
    });
    const others = named.filter(({ name, family, own }) => protocolFor(own, family) !== name);
    // From 6.9 on a purge gathers node by node: the order named 6.10 does not.
    expect(others.map(({ name }) => name)).toEqual(["blocks-6.10"]);
  });
});

test.each([
  ["6.12.50", "contexts-5.17"],
  ["6.12.117", "contexts-6.1.192"],
  ["6.1.50", "contexts-5.17"],
])("%s surely has all that %s has: what it may have besides is left out", (text, protocol) => {
  expect(surestProtocolFor(version(text), "contexts")).toBe(protocol);
});

describe("if no order describes a version, the message names the differences to the nearest", () => {
  test.each([
    ["4.8", "areas", "areas-2.6.33, lacks 80c4bd7a5e4d (4.7)"],
    ["5.15", "locks", "locks-6.5, has 062eacf57ad9 (6.4), fc1e0d980037 (6.5) beside"],
    ["6.6", "walks", "walks-5.13, lacks fc1e0d980037 (6.5)"],
    ["6.6.30", "locks", "locks-6.5, may differ by a backport"],
  ] as const)("%s in %s", (text, family, how) => {
    expect(protocolFor(version(text), family)).toBeUndefined();
    expect(whyNone(version(text), family)).toBe(
      `no order of ${family} is that of ${text}: the nearest, ${how}`,
    );
  });
});

test("a bug that needs calls to interleave is pinned on the orders of releases that the table says have it", () => {
  for (const { id, violations } of INTERLEAVED) {
    const spans = spansOf(id);
    for (const { protocol } of spans.length === 0 ? [] : violations) {
      const order = version(protocol.slice((familyOf(protocol) as string).length + 1));
      const within = spans.some(
        ({ since, until }) =>
          (since === undefined || hasChange(order, since) === true) &&
          (until === undefined || hasChange(order, until) === false),
      );
      expect([id, protocol, within]).toEqual([id, protocol, true]);
    }
  }
});

test("the description of a kernel names its protocols", () => {
  expect(inSteps(releaseOf("6.12"))).toBe(
    " Calls that interleave: explore areas-6.12, pools-6.9, waits-6.9, blocks-6.12, locks-6.11, reset-perms-5.2, contexts-5.17, kasan-6.9, objects-4.18, levels-6.11.",
  );
  expect(inSteps(releaseOf("2.6.27"))).toBe("");
  expect(inSteps(releaseOf("piggin-draft-1"))).toBe("");
  expect(
    LABELLED.filter(({ labels }) => inSteps(releaseOf(labels[0] as string)) === "").map(({ label }) => label),
  ).toEqual(["2.6.27"]);
});

test.each([
  ["blocks-6.6", "blocks-6.5", true],
  ["blocks-6.5", "blocks-6.5", false],
])("explore says that a version's order is another's: %s is %s", async (asked, name, isStoodFor) => {
  const found = await explore(asked, { states: 10 });
  expect(found).toMatchObject({ asked, subject: { name }, isStoodFor });
});

test("a check of one law names only bugs of that law as not shown", () => {
  const report = { protocols: [], pinned: [] } as unknown as InterleavedReport;
  const unseen = (law: string) => stepColumns(["6.12"], report, law).flatMap(({ without }) => without);
  expect(unseen("no-overlap")).toEqual([]);
  expect(unseen("no-alias-after-unmap-aliases").join("\n")).toMatch(/^6\.12 has C13 too, by its commits/);
  expect(stepColumns(["6.12"], report)[0]?.without.length).toBeGreaterThan(3);
});
