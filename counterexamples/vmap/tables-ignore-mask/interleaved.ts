import type { InterleavedBug } from "../../interleaved.ts";

export const tablesIgnoreMask: InterleavedBug = {
  id: "tables-ignore-mask",
  number: undefined,
  says: "Page tables of vmalloc are allocated with GFP_KERNEL, whatever mask it was called with. No release before 5.17 allowed other masks; filesystems passed them all the same.",
  source: "451769ebb7e7, Michal Hocko",
  latent: true,
  fixed: "5.17",
  violations: [
    {
      law: "obeys-mask",
      protocol: "contexts-5.4-called-with-any-mask",
      scope: { cpus: 1, shadow: 0 },
      pinned: "interleaving.json",
      repaired: "contexts-5.17",
    },
  ],
};
