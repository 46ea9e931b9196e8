import assert from "node:assert/strict";
import { test } from "node:test";
import { RunError } from "../../batch/errors.ts";
import { ObjectStore, StoreBusy } from "../../io/object-store.ts";
import { Aws } from "../../io/remote/aws.ts";
import { awsData } from "../../io/remote/aws-credentials.ts";
import { createRateMemory } from "../../io/remote/rate-budget.ts";
import { errorBody, startFakeStore } from "./fake-store.ts";

const never = new AbortController().signal;
const SECRET = "SecretSecretSecret0123456789";
const KEYS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: SECRET };

function storeOf(env: Record<string, string>, sleeps: number[] = []) {
  let now = Date.parse("2026-01-02T03:04:05Z");
  return new ObjectStore({
    // No files of whoever runs the tests, and no instance.
    aws: new Aws({
      data: awsData({
        AWS_SHARED_CREDENTIALS_FILE: "/nowhere",
        AWS_CONFIG_FILE: "/nowhere",
        AWS_EC2_METADATA_DISABLED: "true",
        ...env,
      }),
      fetch: globalThis.fetch,
      now: () => now,
    }),
    rateMemory: createRateMemory(),
    now: () => now,
    sleep: async (ms) => {
      sleeps.push(ms);
      now += ms;
    },
  });
}

test("objects of a bucket, signed; of an address, not", async (t) => {
  const server = await startFakeStore(t, (path) => (path.endsWith("/a%20b") ? { body: "bytes" } : undefined));
  const env = { ...KEYS, AWS_SESSION_TOKEN: "token", AWS_REGION: "eu-west-1", AWS_ENDPOINT_URL_S3: `${server.url}/` };
  const store = storeOf(env);
  assert.deepEqual(await store.get("s3://bucket/pre", "a b", 100, never), { bytes: Buffer.from("bytes") });
  assert.deepEqual(await store.get("s3://bucket/pre/", "c", 100, never), { missing: 404 });
  assert.deepEqual(await store.get(`${server.url}/x`, "a b", 4, never), { tooLarge: true });
  assert.deepEqual(server.asked, ["/bucket/pre/a%20b", "/bucket/pre/c", "/x/a%20b"]);
  const [signed, , plain] = server.headers;
  assert.match(
    signed.authorization!,
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260102\/eu-west-1\/s3\/aws4_request/,
  );
  assert.equal(signed["x-amz-security-token"], "token");
  assert.equal(plain.authorization, undefined);
  await storeOf({ AWS_ENDPOINT_URL: server.url }).get("s3://bucket", "c", 100, never);
  assert.equal(server.headers[3].authorization, undefined, "without credentials nothing is signed");
  await assert.rejects(store.get("bucket", "a", 1, never), { code: "recipe/object-store" });
});

test("what may go away is told apart from what is missing and from what no other key would change", async (t) => {
  const replies = [
    { status: 503, body: errorBody("SlowDown"), headers: { "retry-after": "7" } },
    { status: 500 },
    { status: 429 },
    { body: "half of it", cut: true },
    { status: 403, body: errorBody("AccessDenied") },
    { body: "there" },
    { status: 403, body: errorBody("AccessDenied") },
    { status: 403, body: errorBody("ExpiredToken") },
    { status: 404, body: errorBody("NoSuchBucket") },
    { status: 301, body: errorBody("PermanentRedirect") },
  ];
  const server = await startFakeStore(t, (_, count) => replies[count - 1]);
  const sleeps: number[] = [];
  const store = storeOf({ ...KEYS, AWS_ENDPOINT_URL: server.url }, sleeps);
  const get = () => store.get("s3://bucket", "k", 100, never);
  for (let i = 0; i < 5; i++) await assert.rejects(get(), StoreBusy);
  assert.deepEqual(sleeps, [7000]);
  assert.ok("bytes" in (await get()));
  assert.deepEqual(await get(), { missing: 403 }, "a store that gives some and does not let its keys be listed");
  for (let i = 0; i < 3; i++)
    await assert.rejects(get(), (error: RunError) => {
      assert.ok(error instanceof RunError);
      assert.equal(error.code, "run/object-store-refuses");
      assert.ok(!error.message.includes(SECRET) && !error.message.includes("AKIDEXAMPLE"));
      return true;
    });
  const gone = storeOf({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  await assert.rejects(gone.get("s3://bucket", "k", 100, never), StoreBusy);
});
