/** The page as one file: script, style and documents inside it. It opens from disk and asks for nothing. */
import { createHash } from "node:crypto";
import { answer, type Given } from "../../jobs/page/answers.ts";
import type { Document, Gallery, Matrix, Start } from "../../jobs/page/documents.ts";
import type { Watch } from "../../jobs/work.ts";
import type { Asset } from "./assets.ts";

/** The documents that a report has, by their addresses: what was given, or the whole catalogue. */
export async function documentsOf(given: Given, watch: Watch): Promise<ReadonlyMap<string, Document>> {
  const documents = new Map<string, Document>();
  const add = async (address: string): Promise<Document> => {
    const [path = "", words = ""] = address.split("?");
    const document = await answer(path, new URLSearchParams(words), given, watch);
    documents.set(address, document);
    return document;
  };
  const start = (await add("start")) as Start;
  const gallery = (await answer("gallery", new URLSearchParams(), given, watch)) as Gallery;
  if (given.tree !== undefined) await add("check?kernel=tree");
  const films =
    given.bug === undefined
      ? gallery.bugs
      : gallery.bugs.filter(({ id, number }) => id === given.bug || number === given.bug);
  const isWhole = given.bug === undefined && given.file === undefined;
  const opened = given.file === undefined ? films.flatMap((bug) => bug.films.map(({ opens }) => opens)) : [];
  if (isWhole) {
    documents.set("gallery", gallery);
    const { subjects } = (await add("matrix")) as Matrix;
    opened.push(...subjects.flatMap(({ cells }) => cells.flatMap(({ opens }) => opens ?? [])));
  }
  for (const address of new Set([start.opens, ...opened])) {
    if (documents.has(address) || address.startsWith("matrix")) continue;
    watch.say?.(address);
    if (watch.signal?.aborted) break;
    await add(address);
  }
  return documents;
}

/** The text of the file. Nothing in a document can end the script that holds it. */
export function reportText(
  assets: ReadonlyMap<string, Asset>,
  documents: ReadonlyMap<string, Document>,
): string {
  const text = (address: string) => assets.get(address)?.body.toString("utf8") ?? "";
  const script = text("/page.js").replaceAll("</script", "<\\/script");
  const style = text("/page.css").replaceAll("</style", "<\\/style");
  const data = JSON.stringify(Object.fromEntries(documents)).replaceAll("<", "\\u003c");
  const hash = (code: string) => `'sha256-${createHash("sha256").update(code).digest("base64")}'`;
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<title>vmapcheck</title>",
    `<style>${style}</style></head>`,
    '<body><div id="page"></div>',
    `<script id="documents" type="application/json">${data}</script>`,
    `<script type="module">${script}</script>`,
    "</body></html>",
    "",
  ].join("\n");
}
