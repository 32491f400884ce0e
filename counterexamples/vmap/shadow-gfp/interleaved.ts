import type { InterleavedBug } from "../../interleaved.ts";

export const shadowGfp: InterleavedBug = {
  id: "shadow-gfp",
  number: "B18",
  says: "KASAN allocates the shadow of an area with GFP_KERNEL, whatever mask vmalloc was called with: a filesystem that calls it with GFP_NOFS is entered again through reclaim.",
  source: "79357cd06d41 (CVE-2025-39910); xfs calls vmalloc with GFP_NOFS",
  fixed: "6.17 (6.16.8)",
  violations: [
    {
      law: "obeys-mask",
      protocol: "contexts-6.15",
      also: ["contexts-5.17", "contexts-6.16-rc1", "contexts-6.16"],
      scope: { cpus: 1, shadow: 1 },
      pinned: "interleaving.json",
      repaired: "contexts-6.17",
    },
  ],
};
