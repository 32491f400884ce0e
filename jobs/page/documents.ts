/** What the page is given: documents of plain data, made here and drawn in web/. The page computes no verdict. */
import type { Cpu, Extent, Pages, Pfn, Vpn } from "../../spec/vmap/vocabulary.ts";

export type { Extent };

/** What lies in a drawn address space. `step`: the step that got it, from 1; null where it is not known. */
export type Thing =
  | {
      readonly kind: "area";
      readonly start: Vpn;
      readonly end: Vpn;
      readonly step: number | null;
      readonly life: "busy" | "lazy";
      /** Pages mapped from its start on, each to the next frame. */
      readonly mapped: Pages;
      readonly frame: Pfn;
    }
  | {
      readonly kind: "block";
      readonly start: Vpn;
      readonly end: Vpn;
      readonly life: "busy" | "lazy";
      readonly cpu: Cpu;
      readonly given: Pages;
      readonly givenBack: Pages;
    }
  | {
      readonly kind: "map";
      readonly start: Vpn;
      readonly end: Vpn;
      readonly step: number | null;
      /** Pages that it maps; those up to its end are lost to rounding. */
      readonly count: Pages;
      readonly frame: Pfn;
      readonly held: boolean;
    }
  /** Freed, and perhaps still translated. */
  | {
      readonly kind: "dead";
      readonly start: Vpn;
      readonly end: Vpn;
      readonly frame: Pfn;
      readonly ptes: "there" | "perhaps" | "gone";
    }
  | {
      readonly kind: "tlb";
      readonly start: Vpn;
      readonly end: Vpn;
      readonly cpu: Cpu;
      readonly frame: Pfn;
      /** No caller holds this page mapped to this frame. */
      readonly dead: boolean;
    }
  | {
      readonly kind: "pool";
      readonly start: Vpn;
      readonly end: Vpn;
      readonly node: number;
      readonly sure: boolean;
    }
  /** A page of an mm, mapped. */
  | { readonly kind: "entry"; readonly start: Vpn; readonly end: Vpn; readonly frame: Pfn }
  /** Removed from an mm, and covered by no flush. */
  | { readonly kind: "removed"; readonly start: Vpn; readonly end: Vpn; readonly text: string }
  /** The range of a gather. */
  | {
      readonly kind: "gather";
      readonly start: Vpn;
      readonly end: Vpn;
      readonly g: number;
      readonly text: string;
      readonly empty: boolean;
    }
  /** free_vmap_cache points at the area that starts here. */
  | {
      readonly kind: "cache";
      readonly start: Vpn;
      readonly end: Vpn;
      readonly holeSize: Pages;
      readonly vstart: Vpn;
      readonly align: number;
    };

/** A thing that appeared or changed, by its key; null if it is gone. */
export type Change = readonly [key: string, thing: Thing | null];

export interface FilmStep {
  readonly command: string;
  readonly reply: string;
  /** The laws that it violates, among those judged. */
  readonly laws: readonly string[];
  readonly flushes: readonly Extent[];
  /** null where nothing is lazy. */
  readonly lazyPages: Pages | null;
  readonly changes: readonly Change[];
  /** The pages that the step is about: placed, asked for, flushed, or named. */
  readonly focus: readonly Extent[];
  /** The window in which it asked for an area; null if it asked for none. */
  readonly window: Extent | null;
  /** The state in words, of a wing that is not drawn as an address space. */
  readonly lines: readonly string[];
}

/** A place of the picture to point at. */
export interface Mark extends Extent {
  readonly row: "area" | "pte" | "tlb" | "removed";
  readonly cpu?: Cpu;
  readonly says: string;
}

/** Why the last step violates its law, in words and on the picture. */
export interface Blame {
  readonly text: string;
  readonly marks: readonly Mark[];
}

export interface LawEntry {
  readonly id: string;
  readonly says: string;
  readonly source: string;
}

export interface BugEntry {
  readonly id: string;
  readonly number: string | null;
  readonly says: string;
  readonly source: string;
  readonly fixed: string;
}

export interface FilmViolation extends LawEntry {
  readonly bug: BugEntry | null;
  readonly promised: boolean;
}

/** A history of calls, step by step. */
export interface Film {
  readonly kind: "film";
  readonly name: string;
  readonly about: readonly string[];
  /** Of a recording: the line of the trace. */
  readonly trace: number | null;
  /** The kernel as it was asked for, and the names of those that may be asked for. */
  readonly kernel: string;
  readonly kernels: readonly { readonly name: string; readonly listed: boolean }[];
  readonly verdict: string;
  readonly outcome: "violated" | "short" | "accepted" | "stopped";
  readonly violations: readonly FilmViolation[];
  readonly bug: BugEntry | null;
  /** The slug of the bug, where it is pinned at the step grain too. */
  readonly twin: string | null;
  /** The machine in a few lines, by what each is called. */
  readonly facts: readonly (readonly [name: string, text: string])[];
  readonly cpus: readonly Cpu[];
  /** Pages that the release leaves free after an area. */
  readonly guard: { readonly inside: Pages; readonly after: Pages; readonly before: Pages };
  /** The columns of the picture: column n has the pages from cut n up to cut n + 1. */
  readonly cuts: readonly Vpn[];
  readonly steps: readonly FilmStep[];
  /** Steps of the whole history: more than there are here if it ends at a violation. */
  readonly of: number;
  readonly blame: Blame | null;
  readonly command: string;
  /** It as a file that replay reads; null of a recording, and of a long history. */
  readonly file: string | null;
}

/** A step of a run at the step grain. */
export interface RunStep {
  readonly cpu: number;
  readonly text: string;
  readonly hardware: boolean;
  /** The columns beside the lanes, after the step. */
  readonly drawn: readonly string[];
  /** By lane: the locks that its CPU holds after the step, and whether it has to wait. */
  readonly holds: readonly (readonly string[])[];
  readonly waits: readonly boolean[];
  readonly idle: readonly boolean[];
  /** Inter-processor interrupts: of a step that sends them, each with the step that handles it, from 0, if one does. */
  readonly sends: readonly { readonly to: number; readonly step: number | null }[];
}

export interface RunFilm {
  readonly kind: "run";
  readonly name: string;
  readonly machine: string;
  readonly scope: string;
  readonly verdict: string;
  readonly outcome: "violated" | "accepted" | "unknown";
  readonly violations: readonly { readonly id: string; readonly says: string }[];
  readonly bug: BugEntry | null;
  /** The slug of the bug, where it is pinned at the call grain too. */
  readonly twin: string | null;
  readonly lanes: readonly string[];
  readonly columns: readonly string[];
  readonly begin: readonly string[];
  readonly steps: readonly RunStep[];
  /** The index of the first step that is taken again and again; null of a run that ends. */
  readonly loopAt: number | null;
  readonly legend: string;
  readonly kernels: readonly string[];
  readonly command: string;
}

export interface MatrixCell {
  readonly law: string;
  /** `open`: promised, and no history that violates it is pinned. */
  readonly verdict: "violated" | "short" | "kept" | "visited" | "open" | "absent" | "unknown";
  /** What the cell shows. */
  readonly text: string;
  readonly says: string;
  /** The words after `#/` that open the shortest history; null where there is none. */
  readonly opens: string | null;
}

export interface MatrixSubject {
  readonly name: string;
  readonly says: string;
  readonly wing: string;
  readonly grain: "call" | "step";
  readonly cells: readonly MatrixCell[];
}

export interface Matrix {
  readonly kind: "matrix";
  readonly laws: readonly (LawEntry & { readonly wing: string; readonly grain: "call" | "step" })[];
  readonly subjects: readonly MatrixSubject[];
}

export interface GalleryEntry extends BugEntry {
  /** Three sentences: what goes wrong, since when and until when, and what it violates. */
  readonly story: readonly string[];
  readonly films: readonly { readonly says: string; readonly opens: string }[];
}

export interface Gallery {
  readonly kind: "gallery";
  readonly bugs: readonly GalleryEntry[];
}

/** An action that can be taken in a state, and what it would violate. */
export interface HandAction {
  readonly action: number;
  readonly text: string;
  readonly reply: string;
  readonly laws: readonly string[];
  readonly ends: boolean;
}

/** A state of a machine, reached by hand. */
export interface HandState {
  readonly kind: "state";
  readonly machine: string;
  readonly scope: string;
  readonly grain: "call" | "step";
  /** The actions so far. */
  readonly path: readonly number[];
  readonly taken: readonly {
    readonly text: string;
    readonly reply: string;
    readonly laws: readonly string[];
  }[];
  readonly things: readonly Thing[];
  readonly cuts: readonly Vpn[];
  readonly cpus: readonly Cpu[];
  /** The state of a protocol in words, or of a wing that is not drawn. */
  readonly fields: readonly string[];
  readonly actions: readonly HandAction[];
  readonly laws: readonly LawEntry[];
  /** The path as a file that replay reads; null where replay cannot take it. */
  readonly file: string | null;
  readonly command: string;
}

/** The words of an explorer: machines by grain. */
export interface Machines {
  readonly kind: "machines";
  readonly kernels: readonly string[];
  readonly protocols: readonly string[];
}

/** Where the page begins, and what was given on the command line. */
export interface Start {
  readonly kind: "start";
  readonly version: string;
  readonly opens: string;
  readonly given: string | null;
}

/** A judged log: its time line, laws and violations. */
export interface LogDocument {
  readonly kind: "log";
  readonly file: string;
  readonly about: string;
  readonly unit: "ticks" | "microseconds";
  readonly lost: number;
  readonly first: number;
  readonly last: number;
  readonly violated: number;
  readonly peak: { readonly areas: number; readonly lazyPages: Pages; readonly lazyMost: Pages | null };
  readonly totals: Readonly<Record<string, number>>;
  readonly samples: readonly {
    readonly time: number;
    readonly allocated: number;
    readonly freed: number;
    readonly purgesOfAreas: number;
    readonly areas: number;
    readonly livePages: Pages;
    readonly lazyPages: Pages;
    readonly lazyMost: Pages | null;
  }[];
  readonly callers: readonly { readonly name: string; readonly allocations: number; readonly pages: Pages }[];
  readonly laws: readonly {
    readonly id: string;
    readonly says: string;
    readonly judged: number;
    readonly violated: number;
    readonly undecided: number;
    readonly blind: number;
    readonly why: readonly string[];
  }[];
  readonly windows: readonly (Extent & {
    readonly areas: number;
    readonly livePages: Pages;
    readonly lazyPages: Pages;
    readonly holes: number;
    readonly largestHole: Pages;
    readonly fragmentation: number;
  })[];
  readonly violations: readonly {
    readonly law: string;
    readonly line: number;
    readonly time: number;
    readonly says: string;
    readonly events: readonly string[];
    readonly things: readonly Thing[];
    readonly cuts: readonly Vpn[];
    readonly marks: readonly Mark[];
  }[];
}

export interface CostsTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One part of a simulation. */
export interface CostsDocument {
  readonly kind: "costs";
  readonly part: string;
  readonly parts: readonly string[];
  readonly cpus: number;
  readonly machine: string;
  readonly tables: readonly CostsTable[];
  /** A picture, as SVG; null for a part without one. */
  readonly plot: string | null;
}

/** The report on a campaign: a task a row. */
export interface CampaignDocument {
  readonly kind: "campaign";
  readonly name: string;
  readonly seed: number;
  readonly totals: Readonly<Record<string, number>>;
  /** Tasks that have no result. */
  readonly open: readonly string[];
  readonly histories: number;
  readonly states: number;
  readonly tasks: readonly {
    readonly id: string;
    readonly outcome: string;
    readonly says: string;
    readonly seconds: number;
    readonly findings: readonly {
      readonly law: string;
      readonly subject: string;
      readonly bug: string | null;
      readonly commands: number | null;
      /** The address of its film; null if it has none. */
      readonly opens: string | null;
    }[];
  }[];
}

export type Document =
  | CampaignDocument
  | Film
  | RunFilm
  | Matrix
  | Gallery
  | HandState
  | Machines
  | Start
  | LogDocument
  | CostsDocument;
