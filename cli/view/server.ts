/** Serves the page on loopback: its own files, and the documents of jobs/page. Nothing else of the disk is read. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { InputError, oneLine } from "../../adapters/input-error.ts";
import { answer, type Given } from "../../jobs/page/answers.ts";
import type { Document } from "../../jobs/page/documents.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { Asset } from "./assets.ts";

const LOOPBACK = "127.0.0.1";
const API = "/api/";
/** The longest address of a request, and the most requests that wait for an answer. */
const LONGEST_ADDRESS = 12_000;
const MOST_WAITING = 16;
const MOST_CONNECTIONS = 64;
const REQUEST_MS = 10_000;

/** Only the page's own script and style run, and only this server is asked. */
const HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

export interface Served {
  readonly url: string;
  /** Ends it, with its open connections. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly given: Given;
  /** 0 for a free port. */
  readonly port: number;
  /** Makes the document at an address; jobs/page unless given. */
  readonly answers?: typeof answer | undefined;
  /** What the page asks for first, if it was made already: once it is answered from here. */
  readonly first?: { readonly address: string; readonly document: Document } | undefined;
  /** Ends the job that is running. */
  readonly signal: AbortSignal;
}

export async function serve({
  assets,
  given,
  port,
  first,
  signal,
  answers = answer,
}: ServeOptions): Promise<Served> {
  let made = first;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  /** One job at a time, in the order of the requests. */
  const inTurn = <T>(job: () => Promise<T>): Promise<T> => {
    waiting += 1;
    const turn = last.then(job).finally(() => {
      waiting -= 1;
    });
    last = turn.catch(() => {});
    return turn;
  };
  const server: Server = createServer(
    { maxHeaderSize: 16_384, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    async (request, response) => {
      const refused = refusal(request, server.address() as AddressInfo);
      if (refused !== undefined) return reply(response, refused.status, "text/plain", refused.why);
      const url = new URL(request.url ?? "/", `http://${LOOPBACK}`);
      if (!url.pathname.startsWith(API)) {
        const asset = assets.get(url.pathname);
        if (asset === undefined) return reply(response, 404, "text/plain", "there is no such page");
        return reply(response, 200, asset.type, asset.body);
      }
      if (waiting >= MOST_WAITING) return reply(response, 503, "text/plain", "too many requests are waiting");
      // A reader who leaves a view ends its job, so that the next one need not wait.
      const left = new AbortController();
      response.on("close", () => left.abort());
      const ending = AbortSignal.any([signal, left.signal]);
      try {
        const document = await inTurn(async () => {
          if (ending.aborted) return undefined;
          if (made?.address !== `${url.pathname}${url.search}`.slice(API.length))
            return answers(url.pathname.slice(API.length), url.searchParams, given, { signal: ending });
          const { document } = made;
          made = undefined;
          return document;
        });
        if (left.signal.aborted) return;
        reply(response, 200, "application/json", JSON.stringify(document));
      } catch (error) {
        const isTheirs = error instanceof UsageError || error instanceof InputError;
        const why = oneLine(error instanceof Error ? error.message : String(error));
        reply(response, isTheirs ? 400 : 500, "application/json", JSON.stringify({ error: why }));
      }
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, LOOPBACK, resolve);
  });
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Why a request is refused: it is not a read, it was meant for another host, or another site makes it. */
function refusal(
  { method, url = "", headers }: IncomingMessage,
  { port }: AddressInfo,
): { readonly status: number; readonly why: string } | undefined {
  if (method !== "GET" && method !== "HEAD") return { status: 405, why: "only GET is answered" };
  if (url.length > LONGEST_ADDRESS) return { status: 414, why: "the address is too long" };
  const hosts = [`${LOOPBACK}:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? "")) return { status: 403, why: "the Host is not this server" };
  const { origin, "sec-fetch-site": site } = headers;
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`))
    return { status: 403, why: "the Origin is not this page" };
  const isOther = site === "cross-site" || site === "same-site";
  return isOther && url.startsWith(API) ? { status: 403, why: "another site asks" } : undefined;
}

function reply(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { ...HEADERS, "Content-Type": type });
  response.end(body);
}
