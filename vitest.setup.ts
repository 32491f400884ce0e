/** Properties are drawn from one seed, so a test has one verdict; VMAPCHECK_SEED draws them from another. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env.VMAPCHECK_SEED ?? 20110106) });
