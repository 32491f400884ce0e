/** Where documents come from: the server that serves the page, or the report that holds them. */
import { useEffect, useState } from "preact/hooks";
import type { Document } from "../jobs/page/documents.ts";

type Kind = Document["kind"];
type OfKind<K extends Kind> = Extract<Document, { kind: K }>;

const embedded: Readonly<Record<string, Document>> | undefined = readEmbedded();

function readEmbedded() {
  const text = globalThis.document?.getElementById("documents")?.textContent;
  return text ? (JSON.parse(text) as Record<string, Document>) : undefined;
}

/** Whether the page is a report: what it does not hold cannot be asked for. */
export const isReport = embedded !== undefined;

/** Whether documents of a view can be had. */
export const hasView = (path: string): boolean =>
  embedded === undefined || Object.keys(embedded).some((address) => address.split("?")[0] === path);

/** Whether a report holds the document at this address; a server is always asked. */
export const holds = (address: string): boolean => embedded === undefined || address in embedded;

/** Throws an Error with a line for the reader. */
export async function documentAt(address: string, signal?: AbortSignal): Promise<Document> {
  if (embedded !== undefined) {
    const found = embedded[address];
    if (found === undefined) throw new Error("this report does not hold that: vmapcheck view shows it");
    return found;
  }
  const response = await fetch(`/api/${address}`, signal === undefined ? {} : { signal });
  const isJson = response.headers.get("Content-Type") === "application/json";
  const body: unknown = isJson ? await response.json() : { error: await response.text() };
  if (!response.ok) throw new Error((body as { error: string }).error);
  return body as Document;
}

export type Loaded<D> =
  | { readonly state: "loading" }
  | { readonly state: "failed"; readonly why: string }
  | { readonly state: "ready"; readonly document: D };

/** The document at an address, of the expected kind. */
export function useDocument<K extends Kind>(address: string, kind: K): Loaded<OfKind<K>> {
  const [loaded, setLoaded] = useState<{ address: string; value: Loaded<OfKind<K>> }>();
  useEffect(() => {
    const aborter = new AbortController();
    const set = (value: Loaded<OfKind<K>>) => {
      if (!aborter.signal.aborted) setLoaded({ address, value });
    };
    documentAt(address, aborter.signal).then(
      (document) =>
        set(
          document.kind === kind
            ? { state: "ready", document: document as OfKind<K> }
            : { state: "failed", why: `a ${kind} was expected, and this is a ${document.kind}` },
        ),
      (error: unknown) =>
        set({ state: "failed", why: error instanceof Error ? error.message : String(error) }),
    );
    return () => aborter.abort();
  }, [address, kind]);
  return loaded?.address === address ? loaded.value : { state: "loading" };
}
