/** Every kernel, oldest first, the drafts where they would have been merged. A new kernel is one line here. */
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { linux2_6_27 } from "./linux-2.6.27.ts";
import { linux2_6_28_10 } from "./linux-2.6.28.10.ts";
import { linux2_6_28 } from "./linux-2.6.28.ts";
import { linux2_6_37 } from "./linux-2.6.37.ts";
import { linux2_6_39 } from "./linux-2.6.39.ts";
import { linux3_1 } from "./linux-3.1.ts";
import { linux3_10_65 } from "./linux-3.10.65.ts";
import { linux3_16 } from "./linux-3.16.ts";
import { linux4_4 } from "./linux-4.4.ts";
import { linux4_15_18_ubuntu } from "./linux-4.15.18-ubuntu.ts";
import { linux4_15 } from "./linux-4.15.ts";
import { linux5_2 } from "./linux-5.2.ts";
import { linux5_10 } from "./linux-5.10.ts";
import { linux5_11 } from "./linux-5.11.ts";
import { linux5_17 } from "./linux-5.17.ts";
import { linux6_1 } from "./linux-6.1.ts";
import { linux6_4 } from "./linux-6.4.ts";
import { linux6_5 } from "./linux-6.5.ts";
import { linux6_12 } from "./linux-6.12.ts";
import { linux6_19 } from "./linux-6.19.ts";
import { pigginDraft1 } from "./piggin-draft-1.ts";
import { pigginDraft3 } from "./piggin-draft-3.ts";
import type { State } from "./state.ts";

export const KERNELS: readonly Kernel<State>[] = [
  linux2_6_27,
  linux2_6_28,
  linux2_6_28_10,
  pigginDraft1,
  pigginDraft3,
  linux2_6_37,
  linux2_6_39,
  linux3_1,
  linux3_10_65,
  linux3_16,
  linux4_4,
  linux4_15,
  linux4_15_18_ubuntu,
  linux5_2,
  linux5_10,
  linux5_11,
  linux5_17,
  linux6_1,
  linux6_4,
  linux6_5,
  linux6_12,
  linux6_19,
];

/** The kernel that has this label among its names, or undefined. */
export function kernelCalled(label: string): Kernel<State> | undefined {
  return KERNELS.find((kernel) => kernel.release.labels.includes(label));
}
