import type { InterleavedBug } from "../../interleaved.ts";

export const callerContext: InterleavedBug = {
  id: "caller-context",
  number: "B16",
  says: "From 6.19 on vmalloc may be called without waiting, also with bottom halves disabled; its assertion takes that for an interrupt, and stops the kernel.",
  source:
    "04aa71da5f35 (CVE-2026-63955, syzbot 8b12fc6e0fb139765b58): a bridge that adds a VLAN under spin_lock_bh",
  fixed: "7.1 (7.0.12)",
  violations: [
    {
      law: "serves-allowed-contexts",
      protocol: "contexts-6.19",
      scope: { cpus: 1, shadow: 0 },
      pinned: "interleaving.json",
      repaired: "contexts-7.1",
    },
  ],
};
