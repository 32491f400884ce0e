import { describe, expect, test } from "vitest";
import { explorableNamed } from "./explorable.ts";
import { parametersOf } from "./parameters.ts";

function actionsOf(kernel: string, scope: string): readonly string[] {
  const explorable = explorableNamed(kernel);
  const opened = explorable.open(parametersOf(explorable, scope), { merged: true, orders: "all" });
  return opened.machine.actions;
}

const TWO_CPUS = "pages=3,aligns=1,windows=1,cpus=2";

describe("on two CPUs", () => {
  test("areas are asked for on each where nodes have pools, and vm_unmap_aliases is called", () => {
    const actions = actionsOf("6.12", TWO_CPUS);
    expect(actions).toEqual(
      expect.arrayContaining(["alloc 2 in [16,19)", "alloc 2 in [16,19) on 1", "unmapAliases"]),
    );
    expect(actions).not.toContain("alloc 2 in [16,19) on 1 without waiting");
  });

  test("of 6.19 also without waiting", () => {
    expect(actionsOf("6.19", TWO_CPUS)).toContain("alloc 2 in [16,19) on 1 without waiting");
  });

  test("a kernel without pools is refused, unless callers map", () => {
    expect(() => actionsOf("6.5", TWO_CPUS)).toThrow(
      "more than one CPU makes no difference without blocks or pools",
    );
    expect(actionsOf("6.5", `${TWO_CPUS},block=2`)).not.toContain("alloc 2 in [16,19) on 1");
  });
});
