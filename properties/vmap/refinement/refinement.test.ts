import { describe, expect, test } from "vitest";
import { IS_WHOLE } from "../../../engine/bounds.testing.ts";
import { inOrder, sets } from "../../../engine/operations.ts";
import { factsOf } from "../../../kernels/changes.ts";
import { LABELLED } from "../../../kernels/versions.ts";
import { isTested } from "../../../kernels/vmap/families.testing.ts";
import { KERNELS } from "../../../kernels/vmap/index.ts";
import type { Step } from "../../../protocols/program.ts";
import { AREA_ORDERS, type AreasOrder } from "../../../protocols/vmap/areas/machine.ts";
import type { PageFields } from "../../../protocols/vmap/blocks/fields.ts";
import { BLOCK_ORDERS, type BlocksOrder } from "../../../protocols/vmap/blocks/machine.ts";
import { promisesOf } from "../../../spec/vmap/releases.ts";
import { ofAreas } from "./areas.ts";
import { ofBlocks } from "./blocks.ts";
import { type Compared, compare } from "./compare.ts";
import { describing, namedAfterOthers } from "./pairs.ts";

/** One label of each kernel: the others answer alike. */
const NAMED = LABELLED.filter(({ label, labels }) => label === labels[0]).map(({ label }) => label);
const PAIRS = [...NAMED.flatMap(describing), ...namedAfterOthers(LABELLED.map(({ label }) => label))];
/** In which view it shows what a protocol leaves out (docs/findings.md, 19). */
function leftOut({ protocol, label }: { protocol: string; label: string }): string | undefined {
  if (!protocol.startsWith("areas")) return undefined;
  // An area that was freed has its PTEs until the purge.
  if (factsOf(label).lazyPtes) return "ptes";
  // A purge takes up to three extents out of a pool.
  return label === "6.12" ? "lives" : undefined;
}
const OF_THESE = ["2.6.28", "2.6.28.10", "6.12", "2.6.28-rc3", "2.6.33"];
const views = ({ differences }: Compared) => differences.map(({ what }) => what);

describe("a protocol whose calls run one after another answers as the kernel of its release", () => {
  // A place that is in a pool here and free there leads to other answers: that pair is not followed.
  const followed = PAIRS.filter((pair) => leftOut(pair) !== "lives" && (IS_WHOLE || isTested(pair.label)));

  test.each(followed)(
    "$protocol, with its calls one after another, answers as the kernel of $label in every state of a small scope",
    (pair) => {
      for (const abstraction of IS_WHOLE ? pair.abstractions : pair.abstractions.slice(0, 1)) {
        const compared = compare(abstraction, pair.label, [leftOut(pair) ?? ""]);
        expect(compared.differences).toEqual([]);
        expect(compared.states).toBeGreaterThan(8);
        expect(compared.calls).toBeGreaterThan(2 * compared.states);
      }
    },
  );

  test("Every kernel is described by a protocol, except the list allocator, which has no lazy unmapping", () => {
    const described = new Set(PAIRS.map(({ label }) => label));
    const names = KERNELS.map(({ name }) => name).filter((name) => !name.startsWith("piggin"));
    expect(names.filter((name) => !described.has(name))).toEqual(["2.6.27"]);
  });

  test("A protocol leaves out exactly what is listed, and differs in nothing else", () => {
    for (const pair of PAIRS.filter(leftOut)) {
      const found = pair.abstractions.flatMap((each) => views(compare(each, pair.label)));
      expect([pair.label, ...new Set(found)]).toEqual([pair.label, leftOut(pair)]);
    }
    expect(PAIRS.filter(leftOut).map(({ label }) => label)).toEqual(OF_THESE);
  });
});

describe("the comparison", () => {
  const TWO_OF_TWO = { blocks: 2, pages: 2 };
  const blocksOf = (order: BlocksOrder, label: string) =>
    compare(ofBlocks(order, promisesOf(label), TWO_OF_TWO), label);
  const areasOf = (order: AreasOrder, label: string) =>
    compare(ofAreas(order, promisesOf(label), { places: 2, lazyMax: 1, cpus: 1, caches: true }), label);
  const named = <Order>(all: Readonly<Record<string, Order>>, name: string) => all[name] as Order;

  /** The order with the step that begins with these words replaced. */
  const replacing =
    (steps: BlocksOrder["unmap"], words: string, change: (step: Step) => Step): BlocksOrder["unmap"] =>
    (m, cpu) =>
      steps(m, cpu).map((step) => (step.says.startsWith(words) ? change(step) : step));

  test.each([
    ["2.6.28", "2.6.37", "ptes"],
    ["2.6.33", "2.6.28.10", "flushes"],
    ["3.16", "2.6.28", "ptes"],
    ["5.13", "6.5", "flushes"],
    ["6.5", "6.4", "flushes"],
  ])("The comparison notices blocks-%s beside %s, by its %s", (order, label, what) => {
    expect(views(blocksOf(named(BLOCK_ORDERS, order), label))).toContain(what);
  });

  test("The comparison notices a repaired C7 by the answer alone: vm_unmap_aliases flushes what 4.4 overlooks", () => {
    const { differences } = blocksOf(named(BLOCK_ORDERS, "4.4-walking-all"), "4.4");
    expect(differences.map(({ what }) => what)).toEqual(["flushes", "tlb 0"]);
    expect(differences[0]).toMatchObject({ protocol: "[0,1)", kernel: "" });
  });

  test("The comparison notices a page that is given back and not marked dirty", () => {
    const order = named(BLOCK_ORDERS, "4.4");
    const unmap = replacing(order.unmap, "marks page 0", ({ does: _does, ...step }) => step);
    expect(views(blocksOf({ ...order, unmap }, "4.4"))).toContain("blocks");
  });

  test("The comparison notices a page whose PTE is left", () => {
    const order = named(BLOCK_ORDERS, "6.12");
    const unmap: BlocksOrder["unmap"] = (m, cpu) =>
      replacing(order.unmap, "vm_unmap_ram of page 1", (step) => ({
        ...step,
        does: inOrder([step.does ?? [], sets((m.pages[1] as PageFields).pte, 1)]),
      }))(m, cpu);
    expect(views(blocksOf({ ...order, unmap }, "6.12"))).toContain("ptes");
  });

  test("The comparison notices a free that does not count, and a limit that is one too high", () => {
    const order = named(AREA_ORDERS, "5.1");
    const free: AreasOrder["free"] = (m, cpu) =>
      order.free(m, cpu).map((step) => (step.says.startsWith("counts") ? { ...step, does: [] } : step));
    expect(views(areasOf({ ...order, free }, "5.10"))).toContain("lazy");
    const higher = ofAreas(order, promisesOf("5.10"), { places: 3, lazyMax: 2, cpus: 1, caches: true });
    const scope = { ...higher.scope, lazyMaxPages: 1 };
    expect(views(compare({ ...higher, scope }, "5.10"))).toContain("flushes");
  });
});
