/** Bodies that go out: how long they may take, and that damaged ones do not end. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createIoEnvironment } from "../../../io/environment.ts";
import { FilePart } from "../../../io/local/file-part.ts";
import { DEFAULT_RETRY, type Fetch } from "../../../io/remote/fetch.ts";
import { temporaryFolder } from "../temporary.ts";

const TIMEOUT_MS = 1000;

test("an upload may take longer than silence may; one that stands still may not, and one that changed has no end", async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "large");
  const content = Buffer.alloc(20 << 20, 7);
  fs.writeFileSync(file, content);
  const sha = createHash("sha256").update(content).digest("hex");
  let received = 0;
  let pause_ms = 100;
  // A server that takes a piece now and then.
  const fetch: Fetch = async (_, init) => {
    received = 0;
    const { body, signal } = init as { body: Blob; signal: AbortSignal };
    for await (const piece of body.stream()) {
      received += piece.length;
      await sleep(pause_ms, undefined, { signal });
    }
    return new Response(null, { status: 200 });
  };
  const { client } = createIoEnvironment({
    cacheDir: folder,
    retry: { ...DEFAULT_RETRY, max_attempts: 1, timeout_ms: TIMEOUT_MS },
    transport: { fetch, now: Date.now, sleep: async () => {}, random: () => 0 },
  });
  const put = (sha256: string): Promise<number> => {
    let failure: Error | undefined;
    const onFailure = (error: Error): void => {
      failure = error;
    };
    const body = (alive: () => void): Blob => {
      return new FilePart({ file, start: 0, end: content.length, sha256, onPiece: alive, onFailure });
    };
    return client
      .send({ method: "PUT", url: () => "http://storage/large", body }, async ({ status }) => status)
      .catch((error: unknown) => Promise.reject(failure ?? error));
  };
  const begun = Date.now();
  assert.equal(await put(sha), 200);
  assert.equal(received, content.length);
  assert.ok(Date.now() - begun > 1.5 * TIMEOUT_MS, "slower than silence is borne");
  pause_ms = 0;

  await assert.rejects(put("0".repeat(64)), /changed while it was sent/);
  assert.ok(received > 0 && received < content.length, "its last piece is kept back");
  fs.truncateSync(file, content.length - 1);
  await assert.rejects(put(sha), /changed while it was sent/);
  pause_ms = 60_000;
  await assert.rejects(put(sha), /run\/network[\s\S]*no answer for 1 s/);
});
