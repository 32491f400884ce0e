/** `list --program`: the steps of a CPU in a protocol, to compare with the kernel's source. */
import { describe, expect, test, vi } from "vitest";
import { listVerb } from "./verbs/list.ts";

async function printed(program: string, json = false): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  expect(await listVerb(undefined, { json, program })).toBe(0);
  const text = log.mock.calls.map(([line]) => line).join("\n");
  log.mockRestore();
  return text;
}

/** The lines of a call, from its name on. */
const callIn = (text: string, call: string) =>
  text.split("\n\n").find((paragraph) => paragraph.startsWith(`${call}\n`)) ?? "";

describe("list --program", () => {
  test("shows for 6.12 that vm_unmap_aliases takes the purge lock and then looks at the blocks", async () => {
    const text = callIn(await printed("blocks-6.12"), "vm_unmap_aliases");
    expect(text.split("\n").slice(0, 8)).toEqual([
      "vm_unmap_aliases",
      "  goto purge lock",
      "  purge lock:",
      "    wait until purge lock is none",
      "    /* takes the purge lock */",
      "      purge lock = this CPU",
      "      goto looks at block 0",
      "  looks at block 0:",
    ]);
  });

  test("shows for 4.4 that vm_unmap_aliases looks first, and merges the collected range", async () => {
    const text = callIn(await printed("blocks-4.4"), "vm_unmap_aliases");
    expect(text.split("\n").slice(0, 20)).toEqual([
      "vm_unmap_aliases",
      "  goto looks at block 0",
      "  looks at block 0:",
      "    /* passes block 0 */",
      "      when not (listed of block 0 is true and dirty min of block 0 < dirty max of block 0)",
      "      goto purge lock",
      "    /* collects the dirty range of block 0 */",
      "      when listed of block 0 is true and dirty min of block 0 < dirty max of block 0",
      "      widen [start of this CPU, end of this CPU) by [dirty min of block 0, dirty max of block 0)",
      "      goto purge lock",
      "  purge lock:",
      "    wait until purge lock is none",
      "    /* takes the purge lock */",
      "      purge lock = this CPU",
      "      widen [range start, range end) by [start of this CPU, end of this CPU)",
      "      start of this CPU = 0",
      "      end of this CPU = 0",
      "      goto purge_fragmented_blocks",
      "  purge_fragmented_blocks:",
      "    /* condemns fragmented block 0 */",
    ]);
  });

  test("shows that a purge waits for every CPU's flush, and the laws that its call has to keep", async () => {
    const text = await printed("blocks-6.12");
    expect(text).toContain("    wait until pending of this CPU is false and pending of CPU 1 is false\n");
    expect(text).toContain("      assert no-alias-after-unmap-aliases\n      assert flush-before-reuse\n");
  });

  test("shows how a list is unlinked, one link at a time", async () => {
    expect(await printed("locks-6.11")).toContain(
      [
        "  vb_alloc: list_del: next->prev = prev:",
        "    wait until lock of queue 0 is this CPU",
        "    /* what follows block n leads back past it: n in 0, 1 */",
        "      when at of this CPU is block n",
        "      next->prev = prev",
        "      goto vb_alloc: list_del: prev->next = next",
      ].join("\n"),
    );
  });

  test("gives the same as JSON, call by call", async () => {
    const { protocol, scope, program } = JSON.parse(await printed("blocks-6.12", true));
    expect([protocol, scope]).toEqual(["blocks-6.12", { cpus: 2, blocks: 1, pages: 2 }]);
    const calls = program.calls.map(({ says }: { says: string }) => says);
    expect(calls.slice(0, 3)).toEqual([
      "vm_map_ram",
      "vm_unmap_ram of page n: clears its PTE",
      "vm_unmap_aliases",
    ]);
    expect(program.calls[2].phases[1]).toEqual({
      at: "purge lock",
      waitsUntil: ["purge lock is none"],
      steps: [
        expect.objectContaining({
          says: "takes the purge lock",
          does: ["purge lock = this CPU"],
          to: "looks at block 0",
        }),
      ],
    });
  });

  test.each([
    ["block-6.12", undefined, /there is no protocol of CPUs "block-6.12"; did you mean blocks-6.12\?/],
    ["lazy-unmap", undefined, /there is no protocol of CPUs "lazy-unmap"/],
    ["blocks-6.12", "C7", /a name or --program, not both: C7 and --program blocks-6.12/],
  ])("refuses %s beside %s", async (program, name, says) => {
    await expect(listVerb(name, { json: false, program })).rejects.toThrow(says);
  });
});
