/** The views of the page, in the order of its menu. A new one is a file here and a line in this list. */
import type { ComponentType } from "preact";
import { HistoryView } from "./history.tsx";
import { MatrixView } from "./matrix.tsx";

export interface View {
  readonly id: string;
  readonly title: string;
  /** The document without which a report has nothing to show in it. */
  readonly needs: string;
  /** Whether the menu has it; others are opened from one that it has. */
  readonly inMenu: boolean;
  readonly View: ComponentType<{ readonly words: URLSearchParams }>;
}

export const VIEWS: readonly View[] = [
  { id: "matrix", title: "Matrix", needs: "matrix", inMenu: true, View: MatrixView },
  { id: "history", title: "History", needs: "history", inMenu: false, View: HistoryView },
];
