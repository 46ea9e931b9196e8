/**
 * The page of a run while it goes on, on this machine alone: read-only, made anew when it is asked for.
 *
 * Invariant: listens on the loopback address; answers GET and HEAD of one address, which holds a token that nobody can guess, to clients that asked this host by name or
 * number, so that no page of another site can read it; everything else is not there. Price: a page's, at most once in two seconds.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { errorToData } from "../batch/errors.ts";
import type { OpenRun } from "../runs/status.ts";
import { type ReportOptions, reportPage } from "./report.ts";

export interface ServeOptions extends ReportOptions {
  /** 0 for any that is free. */
  readonly port?: number;
}

export interface ServedReport {
  /** With its token: who has it can read the page. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** A page is good for so long. */
const FRESH_MS = 2000;
/** A browser asks again after so long. */
const REFRESH_S = 5;

/** Serves the page of the run that `open` opens, which may not be there yet. Throws where the port is taken. */
export async function serveReport(open: () => OpenRun, options: ServeOptions): Promise<ServedReport> {
  const token = randomBytes(24).toString("base64url");
  const page = freshPage(open, options);
  const server = createServer((request, response) => {
    answer(request, response, token, page).catch((error: unknown) => {
      send(response, 503, `The page cannot be made yet: ${errorToData(error).what}\n`, "text/plain");
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/${token}/`, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Makes the page, one at a time, and keeps it for a moment. */
function freshPage(open: () => OpenRun, options: ReportOptions): () => Promise<string> {
  let made: Promise<string> | undefined;
  let until = 0;
  return () => {
    if (made === undefined || performance.now() > until) {
      until = Number.POSITIVE_INFINITY;
      made = make(open, options).finally(() => {
        until = performance.now() + FRESH_MS;
      });
    }
    return made;
  };
}

async function make(open: () => OpenRun, options: ReportOptions): Promise<string> {
  return reportPage([open()], { ...options, refresh_s: REFRESH_S });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  page: () => Promise<string>,
): Promise<void> {
  const { method = "", url = "", headers, socket } = request;
  const host = (headers.host ?? "").toLowerCase();
  const isHere = host === `127.0.0.1:${socket.localPort}` || host === `localhost:${socket.localPort}`;
  if (!isHere || !isEqual(url, `/${token}/`)) return send(response, 404, "", "text/plain");
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "", "text/plain");
  send(response, 200, method === "HEAD" ? "" : await page(), "text/html");
}

/** In time that does not tell how much of it was right. */
function isEqual(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
  });
  response.end(body);
}
