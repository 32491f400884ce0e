/** Page tables, TLBs, walkers and frames: what an observer sees. */
import type { Scope } from "../../spec/gather/scope.ts";

export interface Hardware {
  readonly cpus: number;
}

export const newHardware = ({ cpus }: Scope): Hardware => ({ cpus });
export const copyHardware = (hardware: Hardware): Hardware => ({ ...hardware });
