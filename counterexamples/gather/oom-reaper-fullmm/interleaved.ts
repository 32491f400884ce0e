import type { InterleavedBug } from "../../interleaved.ts";

export const oomReaperFullmm: InterleavedBug = {
  id: "oom-reaper-fullmm",
  number: "D7",
  says: "The OOM reaper gathers the mm of its victim as one that is dead, so arm64 flushes nothing. Tasks of the victim still run, and reach freed pages.",
  source: "687cb0884a71, mm, oom_reaper: gather each vma to prevent leaking TLB entry",
  fixed: "4.15",
  violations: [
    {
      law: "freed-not-reached",
      protocol: "zaps-4.14",
      scope: { cpus: 2, tasks: 2, pages: 1, preempts: 0 },
      pinned: "interleaving.json",
      repaired: "zaps-4.15",
    },
    {
      law: "finish-leaves-nothing-stale",
      protocol: "zaps-4.14",
      scope: { cpus: 2, tasks: 1, pages: 1, preempts: 0 },
      pinned: "beside-a-zap.json",
      repaired: "zaps-4.15",
    },
  ],
};
