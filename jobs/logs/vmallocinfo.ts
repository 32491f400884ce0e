/** `vmallocinfo`: readings of /proc/vmallocinfo as maps of the space, and where a request would go. */
import { readVmallocinfo } from "../../adapters/vmap/logs/vmallocinfo.ts";
import { type Fit, fitOf, type ReadingReport, readingReport } from "../../properties/vmap/log/reading.ts";
import type { InfoArea } from "../../spec/vmap/log.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { RELEASES } from "../../spec/vmap/releases.ts";
import { type Bytes, type Extent, PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";
import { releaseNamed } from "../names.ts";
import { UsageError } from "../usage-error.ts";

export interface VmallocinfoOptions {
  /** `SIZE,ALIGN` in bytes, with K, M or G; without ALIGN a page. */
  readonly fit?: string | undefined;
  /** `START,END` of the window; else from the lowest area of the largest region upwards. */
  readonly window?: string | undefined;
  /** Only as this release would do it. */
  readonly release?: string | undefined;
}

/** The same place for some releases, the oldest first. */
export interface FitReport extends Fit {
  readonly releases: readonly string[];
  /** From 6.9 on, with several CPUs: an area of this size that lies in a pool comes first. */
  readonly mayPool: boolean;
}

export interface Asked {
  readonly size: Pages;
  readonly align: Bytes;
  readonly window: Extent;
  /** Whether the window was given. If not, the space may reach above its end. */
  readonly isGiven: boolean;
  readonly fits: readonly FitReport[];
}

export interface VmallocinfoReport extends ReadingReport {
  readonly title: string;
  readonly asked: Asked | null;
}

/** Throws an InputError for what is no vmallocinfo. */
export async function vmallocinfo(
  file: string,
  options: VmallocinfoOptions = {},
): Promise<readonly VmallocinfoReport[]> {
  if (options.fit === undefined && (options.window ?? options.release) !== undefined)
    throw new UsageError(
      `--${options.window === undefined ? "release" : "window"} is for --fit SIZE,ALIGN, the request to place`,
    );
  const request = options.fit === undefined ? undefined : requestIn(options.fit);
  const window = options.window === undefined ? undefined : windowIn(options.window);
  const releases = options.release === undefined ? RELEASES : [releaseNamed(options.release).release];
  const snapshots = await readVmallocinfo(file);
  return snapshots.map(({ title, areas }) => {
    const report = readingReport(areas);
    return {
      title,
      ...report,
      asked: request === undefined ? null : ask(areas, report, request, window, releases),
    };
  });
}

type Request = Pick<Asked, "size" | "align">;

function ask(
  areas: readonly InfoArea[],
  { regions }: ReadingReport,
  request: Request,
  given: Extent | undefined,
  releases: readonly Promises[],
): Asked {
  const largest = regions.toSorted((a, b) => b.areas - a.areas)[0] as Extent;
  const word = largest.end > 2 ** 20 ? 2 ** 52 : 2 ** 20;
  const next = regions.find(({ start }) => start > largest.end)?.start ?? word;
  // A 32-bit window ends with its percpu areas; a 64-bit one is open above.
  const window = given ?? { start: largest.start, end: word === 2 ** 20 ? largest.end : next };
  const fits: FitReport[] = [];
  for (const release of releases) {
    const fit = fitOf(areas, window, request, release);
    const mayPool = release.pools !== "none" && word !== 2 ** 20 && request.size <= MOST_POOLED;
    const same = fits.at(-1);
    const label = release.labels[0] as string;
    if (
      same !== undefined &&
      same.start === fit.start &&
      same.needsPurge === fit.needsPurge &&
      same.mayPool === mayPool
    )
      fits[fits.length - 1] = { ...same, releases: [...same.releases, label] };
    else fits.push({ ...fit, releases: [label], mayPool });
  }
  return { ...request, window, isGiven: given !== undefined, fits };
}

/** MAX_VA_SIZE_PAGES. */
const MOST_POOLED: Pages = 256;

function bytesIn(option: string, word: string): number {
  const [, digits, unit = ""] = /^(0x[\da-f]+|\d+)([kmg]?)$/i.exec(word.trim()) ?? [];
  const bytes =
    digits === undefined ? Number.NaN : Number(digits) * 1024 ** " kmg".indexOf(unit.toLowerCase() || " ");
  if (Number.isNaN(bytes) || bytes <= 0 || bytes > 2 ** 52)
    throw new UsageError(
      `${option} takes bytes such as 65536, 0x10000, 64K or 2M, not ${JSON.stringify(word)}`,
    );
  return bytes;
}

function requestIn(text: string): Request {
  const [size, align = String(PAGE_SIZE), ...more] = text.split(",");
  if (more.length > 0) throw new UsageError(`--fit takes SIZE,ALIGN, not ${JSON.stringify(text)}`);
  const alignment = bytesIn("--fit", align);
  if (!Number.isInteger(Math.log2(alignment)))
    throw new UsageError(`--fit takes an alignment that is a power of two, not ${align}`);
  return { size: Math.ceil(bytesIn("--fit", size as string) / PAGE_SIZE), align: alignment };
}

function windowIn(text: string): Extent {
  const words = text.split(",");
  const pages = words.map((word) =>
    /^0x[\da-f]{1,16}$/i.test(word) ? Number(BigInt(word) >> 12n) : Number.NaN,
  );
  const [start = Number.NaN, end = Number.NaN] = pages;
  if (words.length !== 2 || !(start < end))
    throw new UsageError(
      `--window takes 0xSTART,0xEND, the end above the start, not ${JSON.stringify(text)}`,
    );
  return { start, end };
}
