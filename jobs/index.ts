/** The public API (docs/api.md). It has everything that the command line does. */
export { InputError } from "../adapters/input-error.ts";
export { readRecording, type Trace } from "../adapters/vmap/recording.ts";
export type { Bug } from "../counterexamples/vmap/bug.ts";
export { BUGS as bugs } from "../counterexamples/vmap/index.ts";
export { KERNELS as kernels } from "../kernels/vmap/index.ts";
export {
  defineKernel,
  type Hardware,
  type OwnAllocator,
  type OwnRequest,
} from "../kernels/vmap/own-kernel.ts";
export type { LawId } from "../spec/contract.ts";
export type { Command, Response } from "../spec/vmap/commands.ts";
export type { HistoryStep } from "../spec/vmap/history.ts";
export type { Kernel } from "../spec/vmap/kernel.ts";
export { LAWS as laws } from "../spec/vmap/laws/index.ts";
export type { VmapLaw } from "../spec/vmap/laws/law.ts";
export type { OwnPromises } from "../spec/vmap/own-promises.ts";
export type { Scope } from "../spec/vmap/scope.ts";
export { type CheckOptions, type CheckReport, check } from "./check/check.ts";
export { type ConformReport, conform } from "./conform.ts";
export { type DiffOptions, type DiffReport, diff } from "./diff.ts";
export { type DriveOptions, type DriveReport, drive } from "./drive.ts";
export { type Exploration, type ExploreOptions, explore } from "./explore/explore.ts";
export { type HuntOptions, type HuntReport, hunt } from "./hunt.ts";
export { type JudgeOptions, type JudgeReport, judge } from "./judge.ts";
export { list } from "./list.ts";
export { type ValidateOptions, type ValidateReport, validate } from "./logs/validate.ts";
export { type VmallocinfoOptions, type VmallocinfoReport, vmallocinfo } from "./logs/vmallocinfo.ts";
export { kernelNamed } from "./names.ts";
export { type NothingToPin, type PinOptions, type PinReport, pin, violationToReproduce } from "./pin/pin.ts";
export { type Replay, type ReplayOptions, replay } from "./replay.ts";
export { type Reproducer, type ReproducerKind, reproducerOf } from "./reproducer/reproducer.ts";
export { type SimulateOptions, type SimulateReport, simulate } from "./simulate.ts";
export { UsageError } from "./usage-error.ts";
export type { Watch } from "./work.ts";
