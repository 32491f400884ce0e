import { request } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FoundHistories } from "../../jobs/page/found.ts";
import { type Served, serve } from "./server.ts";

let served: Served;
beforeAll(async () => {
  const assets = new Map([["/", { type: "text/html", body: Buffer.from("<p>the page</p>") }]]);
  served = await serve({
    assets,
    given: { found: new FoundHistories() },
    port: 0,
    signal: new AbortController().signal,
  });
});
afterAll(() => served.close());

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly policy: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { hostname, port } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers }, (response) => {
      let body = "";
      response.on("data", (part) => {
        body += part;
      });
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          body,
          policy: String(response.headers["content-security-policy"]),
        }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("The server listens on the loopback address alone: not on another one of this machine.", async () => {
  const { hostname, port } = new URL(served.url);
  expect(hostname).toBe("127.0.0.1");
  const others = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const addresses = others.filter(({ family, internal }) => family === "IPv4" && !internal);
  for (const address of ["127.0.0.2", ...addresses.map((each) => each.address)]) {
    const socket = connect({ host: address, port: Number(port) });
    const why = await new Promise((resolve) => {
      socket.once("connect", () => resolve("connected"));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    socket.destroy();
    expect([address, why]).toEqual([address, "ECONNREFUSED"]);
  }
});

test("The page is served, under a policy that loads nothing from elsewhere.", async () => {
  const { status, body, policy } = await ask("/");
  expect([status, body]).toEqual([200, "<p>the page</p>"]);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
});

test("A document is served, and a wrong word is one line.", async () => {
  expect(JSON.parse((await ask("/api/start")).body)).toMatchObject({ kind: "start", opens: "matrix" });
  const { status, body } = await ask("/api/history?target=C99");
  expect([status, JSON.parse(body)]).toEqual([400, { error: 'there is no bug "C99"' }]);
});

describe("refused is", () => {
  test.each([
    ["another host, as after DNS rebinding", "/api/start", { Host: "evil.example" }, "GET", 403],
    ["another origin", "/api/start", { Origin: "http://evil.example" }, "GET", 403],
    ["a request that another site makes", "/api/start", { "Sec-Fetch-Site": "cross-site" }, "GET", 403],
    ["a write", "/api/start", {}, "POST", 405],
    ["a file outside", "/../package.json", {}, "GET", 404],
    ["a file outside, encoded", "/..%2f..%2fpackage.json", {}, "GET", 404],
    ["an address that is too long", `/api/state?path=${"1.".repeat(7000)}`, {}, "GET", 414],
  ])("%s", async (_what, path, headers, method, status) => {
    expect((await ask(path, headers, method)).status).toBe(status);
  });

  test("not the page's own origin", async () => {
    const origin = served.url.slice(0, -1);
    expect((await ask("/api/start", { Origin: origin, "Sec-Fetch-Site": "same-origin" })).status).toBe(200);
  });

  test("what would wait behind sixteen requests, and those are answered", async () => {
    const document = { kind: "start", version: "", given: null, opens: "" } as const;
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const answers = () => held.then(() => document);
    const given = { found: new FoundHistories() };
    const signal = new AbortController().signal;
    const own = await serve({ assets: new Map(), given, port: 0, signal, answers });
    let refused = 0;
    const all = Array.from({ length: 30 }, async () => {
      const { status } = await fetch(`${own.url}api/start`);
      refused += status === 503 ? 1 : 0;
      // None of the others is answered before as many are refused as are too many.
      if (refused === 14) release?.();
      return status;
    });
    const statuses = await Promise.all(all);
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
    expect(statuses.filter((status) => status === 503)).toHaveLength(14);
    await own.close();
  });
});

test("What was made before is the first answer at its address, and the next one is made anew.", async () => {
  const address = "history?target=C7";
  const start = { kind: "start", version: "", given: null, opens: "made before" } as const;
  const given = { found: new FoundHistories() };
  const signal = new AbortController().signal;
  const own = await serve({ assets: new Map(), given, port: 0, first: { address, document: start }, signal });
  const kindAt = async (at: string) =>
    ((await (await fetch(`${own.url}api/${at}`)).json()) as { kind: string }).kind;
  expect(await kindAt("history?target=A9")).toBe("film");
  expect(await kindAt(address)).toBe("start");
  expect(await kindAt(address)).toBe("film");
  await own.close();
});
