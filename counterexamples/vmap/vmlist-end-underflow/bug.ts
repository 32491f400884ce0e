import { listKernel, rules2_6_27 } from "../../../kernels/vmap/linux-2.6.27.ts";
import { requestOf } from "../../../spec/vmap/laws/law.ts";
import type { Bug } from "../bug.ts";

const repaired = listKernel(
  { ...rules2_6_27, lastStart: (_word, vend, length) => vend - length },
  "2.6.27 subtracting without a wrap",
);

export const vmlistEndUnderflow: Bug = {
  id: "vmlist-end-underflow",
  number: undefined,
  says: "The list allocator tests `addr > end - size`; where the size is larger than the window's end itself, the difference wraps to the top of the word and every address passes.",
  source:
    "the test of 2.6.27's __get_vm_area_node; found here at random, not in the catalogue, and no report known. It takes a window near address 0, which no kernel of that time had",
  latent: true,
  fixed: "2.6.28, where db64fe02 replaced the allocator",
  changed: undefined,
  violations: [{ law: "in-window", on: ["2.6.27"], pinned: "in-window.json", repaired }],
  explains: ({ before, command }) => {
    const request = requestOf(before, command);
    return request !== undefined && request.size + before.promises.guard.inside > request.vend;
  },
};
