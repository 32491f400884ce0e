/** `view`: the page, served on loopback, or written as one file. */
import { answer, givenBy } from "../../jobs/page/answers.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { AS_EXPECTED } from "../exit.ts";
import { refuseUnwritable, type Written, writeFiles, writtenText } from "../files.ts";
import { interrupts, type JsonOption, watched } from "../output.ts";
import { pageAssets } from "../view/assets.ts";
import { documentsOf, reportText } from "../view/report.ts";
import { serve } from "../view/server.ts";

export interface ViewOptions extends JsonOption {
  readonly out?: string;
  readonly port?: number;
  readonly tree?: string;
}

export async function viewVerb(target: string | undefined, options: ViewOptions): Promise<number> {
  const { out, port = 0, json, tree } = options;
  const given = await givenBy(target, tree);
  if (out !== undefined) return writeReport(given, out, options);
  const signal = interrupts();
  // What cannot be shown is said here, not in the page.
  const start = await answer("start", new URLSearchParams(), given, { signal });
  const address = "opens" in start ? start.opens : "";
  const [path = "", words] = address.split("?");
  const isGiven = given.file !== undefined || given.bug !== undefined;
  const document = isGiven && (await answer(path, new URLSearchParams(words), given, { signal }));
  const first = document ? { address, document } : undefined;
  const served = await serve({ assets: await pageAssets(), given, port, first, signal });
  console.log(json ? JSON.stringify({ url: served.url }) : `${served.url}  (Ctrl-C ends it)`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await served.close();
  return AS_EXPECTED;
}

async function writeReport(
  given: Awaited<ReturnType<typeof givenBy>>,
  path: string,
  { port, json }: ViewOptions,
): Promise<number> {
  if (port !== undefined)
    throw new UsageError("--port is for the page that is served, and --out writes a file");
  await refuseUnwritable([{ option: "--out", path }]);
  const assets = await pageAssets();
  const documents = await watched((watch) => documentsOf(given, watch));
  const text = reportText(assets, documents);
  const [written] = await writeFiles([{ option: "--out", path, text }]);
  const { why, replaced } = written as Written;
  if (why !== undefined) throw new UsageError(`--out ${path}: ${why}`);
  const bytes = Buffer.byteLength(text);
  console.log(
    json
      ? JSON.stringify({ file: path, bytes, documents: documents.size, replaced })
      : `${documents.size} documents in ${writtenText(written as Written, bytes)}`,
  );
  return AS_EXPECTED;
}
