/** Which kernels a test that runs on each of them takes: `npm test` one of each family, `npm run test:all` all. */
import { IS_WHOLE } from "../../engine/bounds.testing.ts";
import { KERNELS } from "./index.ts";

/** One label of each family: by its search for space and its blocks. */
const FAMILIES = ["2.6.27", "2.6.28", "2.6.39", "3.16", "5.2", "6.5", "6.12"];

export const isTested = (label: string): boolean => IS_WHOLE || FAMILIES.includes(label);

export const TESTED_KERNELS: typeof KERNELS = KERNELS.filter(({ name }) => isTested(name));
