import type { InterleavedBug } from "../../interleaved.ts";

export const iotlbKernelPt: InterleavedBug = {
  id: "iotlb-kernel-pt",
  number: "B12",
  says: "A page table of the kernel is freed while the IOMMU of a device that walks the kernel's tables still holds it: a flush reaches CPUs only.",
  source: "e37d5a2d60a3",
  fixed: "6.19",
  violations: [
    {
      law: "no-walker-holds-freed-table",
      protocol: "levels-6.12.117",
      also: ["levels-6.1.192"],
      scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 1 },
      pinned: "interleaving.json",
      repaired: "levels-6.19",
    },
  ],
};
