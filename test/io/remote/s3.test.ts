import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { DataError, RecipeError, RunError } from "../../../batch/errors.ts";
import type { IoEnvironment } from "../../../io/environment.ts";
import { listShards } from "../../../io/list.ts";
import { openShard } from "../../../io/open.ts";
import { awsData, findIdentity } from "../../../io/remote/aws-credentials.ts";
import type { ByteSource } from "../../../io/source.ts";
import { etagOf, FakeS3, KEYS } from "../fake-s3.ts";
import { temporaryFolder } from "../temporary.ts";

const BODY = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 13) & 255));

const start = (t: TestContext): Promise<FakeS3> => new FakeS3().start(t);

async function open(location: string, env: IoEnvironment): Promise<ByteSource> {
  const [ref] = await listShards(location, env);
  return openShard(ref, env);
}

async function all(source: ByteSource, from = 0): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source.stream(from)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** For `assert.rejects`: of this kind and code, and without a key in it. */
function failure(kind: typeof RecipeError | typeof DataError | typeof RunError, code: string, message = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.ok(!JSON.stringify([error.message, error.details]).includes(KEYS.secret_access_key));
    return true;
  };
}

test("a pattern lists page by page, below its fixed part alone, in order; names are encoded once", async (t) => {
  const store = await start(t);
  store.pageSize = 2;
  const names = [
    "data/b c+ü.txt",
    "data/a&<1>.txt",
    "data/deep/a.txt",
    "data/c.json",
    "data/.hidden.txt",
    "other/a.txt",
  ];
  for (const name of names) store.put(`corpus/${name}`, name);
  store.put("corpus/data/folder.txt/", "");
  const env = store.environment();
  const found = await listShards("s3://corpus/data/*.txt", env);
  assert.deepEqual(
    found.map(({ key, location, size_bytes }) => [key, location, size_bytes]),
    [
      ["a&<1>.txt", "s3://corpus/data/a&<1>.txt", 14],
      ["b c+ü.txt", "s3://corpus/data/b c+ü.txt", 15],
    ],
  );
  assert.equal(found[0].identity, `etag:${etagOf(Buffer.from("data/a&<1>.txt"))}:14`);
  assert.ok(store.asked.length > 1 && store.asked.every((asked) => asked.includes("prefix=data%2F")));
  assert.ok(
    store.asked.every((asked) => asked.includes("delimiter=%2F")),
    "folders below are not listed",
  );
  const deep = await listShards("s3://corpus/data/**/*.txt", env);
  assert.deepEqual(
    deep.map(({ key }) => key),
    ["a&<1>.txt", "b c+ü.txt", "deep/a.txt"],
  );
  for (const shard of [...found, ...deep]) {
    const text = (await all(await openShard(shard, env))).toString();
    assert.equal(`s3://corpus/${text}`, shard.location);
  }
});

test("one object is described by one request of one byte, also an empty one", async (t) => {
  const store = await start(t);
  store.put("corpus/a.bin", BODY);
  store.put("corpus/empty.bin", "");
  const env = store.environment();
  assert.deepEqual(
    await listShards(["s3://corpus/a.bin", "s3://corpus/empty.bin"], env),
    [
      { key: "a.bin", location: "s3://corpus/a.bin", size_bytes: 200_000, identity: `etag:${etagOf(BODY)}:200000` },
      {
        key: "empty.bin",
        location: "s3://corpus/empty.bin",
        size_bytes: 0,
        identity: "modified:1970-01-01T00:00:00.000Z:0",
      },
    ].map((expected, i) => (i === 1 ? { ...expected, identity: "length:0" } : expected)),
  );
  assert.equal(store.asked.length, 2);
  const source = await open("s3://corpus/a.bin", env);
  assert.deepEqual(Buffer.from(await source.read(100, 50_000)), BODY.subarray(100, 50_000));
  assert.deepEqual(await all(source, 199_990), BODY.subarray(199_990));
});

test("what goes away is asked for again: 503, 500, a body that is cut; a stream goes on where it was", async (t) => {
  const store = await start(t);
  store.put("corpus/a.bin", BODY);
  const env = store.environment();
  const source = await open("s3://corpus/a.bin", env);
  const from = store.asked.length;
  const faults = [{ status: 503, code: "SlowDown", headers: { "retry-after": "1" } }, { status: 500 }, { cut: true }];
  store.fault = (_, count) => faults[count - from - 1];
  assert.deepEqual(await all(source), BODY);
  assert.equal(store.asked.length - from, 4);
  store.fault = (_, count) => ((count - from) % 2 === 1 ? { cut: true } : undefined);
  assert.deepEqual(Buffer.from(await source.read(0, BODY.length)), BODY);
});

test("an object that is replaced while it is read ends the run", async (t) => {
  const store = await start(t);
  store.put("corpus/a.bin", BODY);
  const source = await open("s3://corpus/a.bin", store.environment());
  store.put("corpus/a.bin", Buffer.from(BODY).fill(1, 0, 10));
  await assert.rejects(source.read(0, 10), failure(DataError, "data/changed", /its ETag is another one/));
});

test("a bucket of another region and a wrong clock are found out, once", async (t) => {
  const store = await start(t);
  store.put("corpus/a.bin", BODY);
  store.region = "eu-central-1";
  store.now = () => Date.now() + 86_400_000;
  const env = store.environment();
  assert.equal((await listShards("s3://corpus/a.bin", env))[0].size_bytes, 200_000);
  const learned = store.asked.length;
  assert.equal(learned, 3, "a request each to learn the clock and the region");
  await listShards("s3://corpus/a.bin", env);
  assert.equal(store.asked.length, learned + 1);
});

test("refusals say who asked for what and what to do, and never show a key", async (t) => {
  const store = await start(t);
  store.put("corpus/a.bin", BODY);
  store.put("corpus/up/a\tb/a.bin", "x");
  const env = store.environment();
  const wrong = store.environment({ credentials: { ...KEYS, secret_access_key: `${KEYS.secret_access_key}x` } });
  const nobody = store.environment({ credentials: undefined as never });
  const cases: [string, IoEnvironment, ReturnType<typeof failure>][] = [
    [
      "s3://corpus/b.bin",
      env,
      failure(RecipeError, "recipe/no-match", /there is no s3:\/\/corpus\/b.bin \(HTTP 404 NoSuchKey\)/),
    ],
    ["s3://corpus/x*.bin", env, failure(RecipeError, "recipe/no-match", /no object matches/)],
    ["s3://corpus/", env, failure(RecipeError, "recipe/no-match", /names a folder/)],
    ["s3://Bad_Bucket!/a", env, failure(RecipeError, "recipe/s3-path", /names no bucket/)],
    ["s3://corpus/**/a.bin", env, failure(DataError, "data/unsafe-name", /"up\/a\\tb\/a.bin"/)],
    [
      "s3://corpus/a.bin",
      wrong,
      failure(DataError, "data/forbidden", /credentials of AWS_ACCESS_KEY_ID.*403 SignatureDoesNotMatch/),
    ],
    ["s3://corpus/a.bin", nobody, failure(DataError, "data/forbidden", /without credentials.*403 AccessDenied/)],
  ];
  for (const [location, environment, expected] of cases)
    await assert.rejects(listShards(location, environment), expected);
  store.fault = () => ({ status: 503, code: "SlowDown" });
  await assert.rejects(
    listShards("s3://corpus/a.bin", env),
    failure(RunError, "run/network", /failed 6 times: HTTP 503/),
  );
});

/** A server of roles: answers by path, and what was asked. */
async function startRoles(t: TestContext, answers: Readonly<Record<string, string>>) {
  const asked: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request);
    const body = answers[`${request.method} ${request.url}`];
    response.writeHead(body === undefined ? 404 : 200);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test("keys come from the environment, else a profile, a container's role, an instance's role, else nobody", async (t) => {
  const folder = temporaryFolder(t);
  const [credentials, config] = [path.join(folder, "credentials"), path.join(folder, "config")];
  fs.writeFileSync(
    credentials,
    "# a comment\n[default]\naws_access_key_id = ONE\naws_secret_access_key=S1\n[lab]\naws_access_key_id=TWO\naws_secret_access_key = S2\naws_session_token = T2\n",
  );
  fs.writeFileSync(
    config,
    "[profile lab]\nregion = eu-west-3\ns3 =\n  max_concurrent_requests = 9\nendpoint_url = http://lab:1/\n[profile org]\nsso_session = org\n",
  );
  const role = JSON.stringify({
    AccessKeyId: "THREE",
    SecretAccessKey: "S3",
    Token: "T3",
    Expiration: "2026-01-01T01:00:00Z",
  });
  const roles = await startRoles(t, {
    "GET /container": role,
    "GET /keyless": "{}",
    "GET /page": "<html>",
    "PUT /latest/api/token": "session",
    "GET /latest/meta-data/iam/security-credentials/": "worker\n",
    "GET /latest/meta-data/iam/security-credentials/worker": role.replace("THREE", "FOUR"),
  });
  const files = { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: config };
  const noFiles = { AWS_SHARED_CREDENTIALS_FILE: "/nowhere", AWS_CONFIG_FILE: "/nowhere" };
  const find = (variables: Record<string, string>) =>
    findIdentity(awsData({ AWS_EC2_METADATA_DISABLED: "true", ...variables }), globalThis.fetch, () => 1000);
  const id = async (variables: Record<string, string>) => (await find(variables)).credentials?.access_key_id;
  const own = { AWS_ACCESS_KEY_ID: "ZERO", AWS_SECRET_ACCESS_KEY: "S0", AWS_CONTAINER_CREDENTIALS_FULL_URI: roles.url };
  assert.equal(await id({ ...files, ...own }), "ZERO");
  assert.equal(await id(files), "ONE");
  assert.deepEqual(await find({ ...files, AWS_PROFILE: "lab" }), {
    credentials: { access_key_id: "TWO", secret_access_key: "S2", session_token: "T2" },
    origin: "profile lab",
    region: "eu-west-3",
    endpoint: "http://lab:1",
  });
  const container = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${roles.url}/container`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "let me in",
  };
  const asContainer = await find({ ...noFiles, ...container });
  assert.equal(asContainer.credentials?.access_key_id, "THREE");
  assert.equal(asContainer.renew_at, Date.parse("2026-01-01T00:55:00Z"));
  assert.equal(roles.asked.at(-1)?.headers.authorization, "let me in");
  const instance = { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: roles.url };
  assert.equal(await id({ ...noFiles, ...instance }), "FOUR");
  assert.equal(roles.asked.at(-1)?.headers["x-aws-ec2-metadata-token"], "session");
  assert.deepEqual(await find(noFiles), {
    credentials: undefined,
    origin: "nobody",
    region: "us-east-1",
    renew_at: 601_000,
  });
  const refused = (pattern: RegExp) => failure(RunError, "run/aws-credentials", pattern);
  await assert.rejects(find({ ...files, AWS_PROFILE: "lba" }), refused(/AWS_PROFILE is "lba"/));
  await assert.rejects(
    find({ ...files, AWS_PROFILE: "org" }),
    refused(/sso_session.*not read here.*\n.*\n.*export-credentials --profile org/),
  );
  await assert.rejects(
    find({ ...noFiles, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${roles.url}/gone` }),
    refused(/container's role gives no keys: HTTP 404/),
  );
  for (const place of ["keyless", "page"]) {
    const asked = find({ ...noFiles, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${roles.url}/${place}` });
    await assert.rejects(asked, refused(/container's role gives no keys\n/));
  }
  const tokenFile = { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/nowhere/token" };
  await assert.rejects(
    find({ ...noFiles, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${roles.url}/container`, ...tokenFile }),
    refused(/container's role gives no keys: \/nowhere\/token cannot be read/),
  );
});
