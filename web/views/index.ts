/** The views of the page, in the order of its menu. A new one is a file here and a line in this list. */
import type { ComponentType } from "preact";
import { CampaignView } from "./campaign.tsx";
import { CostsView } from "./costs.tsx";
import { ExploreView } from "./explore.tsx";
import { GalleryView } from "./gallery.tsx";
import { HistoryView } from "./history.tsx";
import { LogView } from "./log.tsx";
import { MatrixView } from "./matrix.tsx";
import { RunView } from "./run.tsx";

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
  { id: "gallery", title: "Bugs", needs: "gallery", inMenu: true, View: GalleryView },
  { id: "explore", title: "Explore", needs: "state", inMenu: true, View: ExploreView },
  { id: "costs", title: "Costs", needs: "costs", inMenu: true, View: CostsView },
  { id: "campaign", title: "Campaign", needs: "campaign", inMenu: false, View: CampaignView },
  { id: "log", title: "Log", needs: "log", inMenu: false, View: LogView },
  { id: "history", title: "History", needs: "history", inMenu: false, View: HistoryView },
  { id: "run", title: "Interleaving", needs: "run", inMenu: false, View: RunView },
];
