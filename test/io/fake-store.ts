/** A store that speaks as much of S3 as GET needs, on this machine. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface StoreReply {
  readonly status?: number;
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the connection in the middle of the body. */
  readonly cut?: boolean;
}

export interface FakeStore {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  readonly headers: http.IncomingHttpHeaders[];
}

export function errorBody(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`;
}

/** `reply` gives the answer to a path; none is a key that is not there. */
export async function startFakeStore(
  t: TestContext,
  reply: (path: string, count: number) => StoreReply | undefined,
): Promise<FakeStore> {
  const asked: string[] = [];
  const headers: http.IncomingHttpHeaders[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url!);
    headers.push(request.headers);
    const answer = reply(request.url!, asked.length) ?? { status: 404, body: errorBody("NoSuchKey") };
    const body = Buffer.from(answer.body ?? "");
    response.writeHead(answer.status ?? 200, { "content-length": String(body.length), ...answer.headers });
    if (!answer.cut) response.end(body);
    else response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, headers };
}
