/** The client against a server that speaks the protocol as others do, and fails in every way that they do. */
import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { type ChatCall, ChatClient, EndpointBusy, isRefusal } from "../../io/chat-completions.ts";
import { endpointData } from "../../io/remote/endpoints.ts";
import { createRateMemory } from "../../io/remote/rate-budget.ts";
import { createLimitMemory } from "../../io/remote/shared-limit.ts";
import type { Completion } from "../../kernels/chat/completion.ts";
import { type FakeOptions, type FaultKind, type Style, startFakeEndpoint } from "../chat/fake-endpoint.ts";

const BODY = JSON.stringify({
  model: "m",
  messages: [{ role: "user", content: "Warum ist der Himmel blau? 🌌" }],
  seed: 1,
  chat_template_kwargs: { enable_thinking: true },
});
const CALL: ChatCall = {
  endpoint: "qwen",
  body: BODY,
  stream: false,
  limit: 8,
  timeouts: { connect_ms: 2000, first_byte_ms: 400, silence_ms: 200, total_ms: 5000 },
};
const KEY = "sk-SecretSecret0123456789";

function clientOf(urls: readonly string[], sleeps: number[] = [], key?: string) {
  let skipped = 0;
  return new ChatClient({
    endpoints: endpointData(
      urls.map((url) => `qwen=${url}`),
      key === undefined ? {} : { SHARDMILL_API_KEY_QWEN: key },
    ),
    rateMemory: createRateMemory(),
    limitMemory: createLimitMemory(),
    now: () => Date.now() + skipped,
    sleep: async (ms) => {
      sleeps.push(ms);
      skipped += ms;
    },
  });
}

async function setUp(t: TestContext, options: FakeOptions = {}, key?: string) {
  const server = await startFakeEndpoint(t, options);
  const sleeps: number[] = [];
  return { server, sleeps, client: clientOf([server.url], sleeps, key) };
}

const never = new AbortController().signal;

for (const style of ["deaf", "vllm", "old_vllm", "sglang", "llama_cpp", "tgi", "plain"] satisfies Style[]) {
  test(`${style}: whole and streamed, the same answer`, async (t) => {
    const { client } = await setUp(t, { style });
    const whole = (await client.complete(CALL, never)) as Completion;
    const streamed = await client.complete({ ...CALL, stream: true }, never);
    assert.deepEqual(streamed, whole);
    assert.equal(whole.finish_reason, "stop");
    assert.equal(whole.model, "served-m");
    assert.equal(whole.usage?.completion_tokens, style === "plain" ? undefined : 7);
    if (style === "tgi" || style === "plain") assert.match(whole.content, /^<think>\n/);
    else assert.match(whole.reasoning ?? "", /^Let me see/);
    assert.ok(whole.content.endsWith("🌌"));
  });
}

const BUSY: Readonly<Record<FaultKind, RegExp>> = {
  rate_limited: /HTTP 429: too many requests/,
  rate_limited_date: /HTTP 429: too many requests/,
  server_error: /HTTP 500: something broke/,
  loading: /HTTP 503: Loading model/,
  no_answer: /no answer for 0\.4 s/,
  stall: /silence for 0\.2 s/,
  cut: /cut/,
  invalid_json: /no JSON/,
  error_in_body: /HTTP 500: the engine died/,
  aborted: /given up \(abort\)/,
};

for (const [kind, message] of Object.entries(BUSY) as [FaultKind, RegExp][]) {
  for (const stream of [false, true]) {
    test(`${kind}, ${stream ? "streamed" : "whole"}: the same call may be answered later`, async (t) => {
      const { client, server, sleeps } = await setUp(t, { fault: (_, attempt) => (attempt === 1 ? kind : undefined) });
      await assert.rejects(client.complete({ ...CALL, stream }, never), (error) => {
        assert.ok(error instanceof EndpointBusy, String(error));
        assert.match(error.message, message);
        assert.match(error.message, /^endpoint qwen: /);
        assert.ok(!error.message.includes("127.0.0.1"), error.message);
        return true;
      });
      const answer = await client.complete({ ...CALL, stream }, never);
      assert.ok(!isRefusal(answer) && answer.finish_reason === "stop");
      assert.equal(server.requests.length, 2);
      // What the server asks for is waited for before the next request, whoever makes it.
      assert.equal(sleeps.length, kind.startsWith("rate_limited") ? 1 : 0);
      for (const ms of sleeps) assert.ok(ms > 0 && ms <= 1000, `${ms}`);
    });
  }
}

test("a server that is not there is told by its code alone", async () => {
  const client = clientOf(["http://127.0.0.1:9/v1"]);
  await assert.rejects(client.complete(CALL, never), (error) => {
    assert.ok(error instanceof EndpointBusy);
    assert.equal(error.message, "endpoint qwen: ECONNREFUSED");
    return true;
  });
});

test("a connection that does not come to stand has a clock of its own", async (t) => {
  // Takes connections, and never says hello.
  const server = net.createServer(() => {});
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const client = clientOf([`https://127.0.0.1:${address.port}/v1`]);
  const timeouts = { ...CALL.timeouts, connect_ms: 100 };
  await assert.rejects(client.complete({ ...CALL, timeouts }, never), /no connection for 0\.1 s/);
});

test("the total has a clock of its own", async (t) => {
  const { client } = await setUp(t, { delay_ms: 300 });
  const timeouts = { ...CALL.timeouts, total_ms: 100 };
  await assert.rejects(client.complete({ ...CALL, timeouts }, never), /not done in 0\.1 s/);
});

test("a refused request is the row's; a wrong key or path is everybody's", async (t) => {
  const { client } = await setUp(t, { bad: () => "refused", style: "tgi" });
  const refusal = await client.complete(CALL, never);
  assert.ok(isRefusal(refusal));
  assert.deepEqual(refusal, { status: 400, message: "this model's maximum context length is 8 tokens" });
  for (let more = 0; more < 18; more++) await client.complete(CALL, never);
  await assert.rejects(client.complete(CALL, never), { code: "run/endpoint-refuses" });

  const locked = await setUp(t, { key: KEY }, "sk-WrongWrongWrong0123");
  await assert.rejects(locked.client.complete(CALL, never), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /run\/endpoint-refuses.*HTTP 401: the key Bearer … is wrong/s);
    assert.ok(!error.message.includes("Wrong0123") && !error.message.includes("127.0.0.1"), error.message);
    return true;
  });
  const right = await setUp(t, { key: KEY }, KEY);
  assert.ok(!isRefusal(await right.client.complete(CALL, never)));
  const elsewhere = clientOf([`${locked.server.url}/else`]);
  await assert.rejects(elsewhere.complete(CALL, never), /HTTP 404: no such path/);
  await assert.rejects(clientOf([]).complete(CALL, never), { code: "run/no-endpoint" });
});

test("an endpoint that asks for too long ends the run", async (t) => {
  const server = http.createServer((_, response) => {
    response.writeHead(429, { "retry-after": "7200" });
    response.end("{}");
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  await assert.rejects(clientOf([`http://127.0.0.1:${address.port}/v1`]).complete(CALL, never), {
    code: "run/endpoint-busy",
  });
});

test("addresses of one name are used in turns, and one that asked for a rest is left alone", async (t) => {
  const servers = [await startFakeEndpoint(t), await startFakeEndpoint(t)];
  const client = clientOf(servers.map(({ url }) => url));
  for (let call = 0; call < 6; call++)
    await client.complete({ ...CALL, body: BODY.replace('"seed":1', `"seed":${call}`) }, never);
  assert.deepEqual(
    servers.map(({ requests }) => requests.length),
    [3, 3],
  );
  const tired = await startFakeEndpoint(t, { fault: () => "rate_limited" });
  const fresh = await startFakeEndpoint(t);
  const sleeps: number[] = [];
  const both = clientOf([tired.url, fresh.url], sleeps);
  await assert.rejects(both.complete(CALL, never), EndpointBusy);
  for (let call = 0; call < 4; call++) await both.complete(CALL, never);
  assert.deepEqual([tired.requests.length, fresh.requests.length, sleeps.length], [1, 4, 0]);
});

test("no more calls are out than the limit", async (t) => {
  const server = await startFakeEndpoint(t, { delay_ms: 20 });
  const client = clientOf([server.url]);
  const bodies = Array.from({ length: 30 }, (_, seed) => BODY.replace('"seed":1', `"seed":${seed}`));
  await Promise.all(bodies.map((body) => client.complete({ ...CALL, body, limit: 4 }, never)));
  assert.equal(server.most, 4);
  assert.equal(server.answered.length, 30);
});

test("an abort ends a call at once", async (t) => {
  const { client } = await setUp(t, { fault: () => "no_answer" });
  const controller = new AbortController();
  const call = client.complete({ ...CALL, timeouts: { ...CALL.timeouts, first_byte_ms: 60_000 } }, controller.signal);
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await assert.rejects(call, /enough/);
});
