/** How a state says what it consists of, part by part, to whoever tells states apart. */
import type { Pfn } from "./vocabulary.ts";

export interface Notes {
  /** A page, a size, a count: any whole number. Where a list ends, its writer notes as well. */
  number(value: number): void;
  /** A frame. Which one it is makes no difference: only where else it was noted. */
  frame(frame: Pfn): void;
  /** Whether this frame was noted before. */
  knows(frame: Pfn): boolean;
}
