/** The doctor: what it says of this machine, of a Hub that is there, late, or away, and that it tells no secret. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { checkMachine } from "../../../index.ts";
import { createIoEnvironment } from "../../../io/environment.ts";
import { awsData } from "../../../io/remote/aws-credentials.ts";
import { nodeCheck } from "../../../runs/looking/doctor.ts";
import { ROOT } from "../../project-root.ts";

const SECRET = "hf_veryverysecret";
const environment = createIoEnvironment({
  hubToken: SECRET,
  hubUrl: "https://user:pass@hub.example",
  store: awsData({ AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: SECRET, AWS_SHARED_CREDENTIALS_FILE: "/none" }),
});

test("every check passes or warns here, and no secret is told", async () => {
  const answer: typeof fetch = () => Promise.resolve(new Response("[]"));
  const checks = await checkMachine({ environment, variables: { HF_TOKEN: SECRET }, fetch: answer });
  const found = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
  for (const name of ["node", "webassembly simd", "codecs", "hub token", "hub"]) {
    assert.equal(
      found[name],
      name === "webassembly simd" && process.env.SHARDMILL_WASM === "off" ? "warning" : "ok",
      name,
    );
  }
  const text = JSON.stringify(checks);
  assert.ok(!text.includes(SECRET) && !text.includes("pass@"));
  assert.match(text, /there is one, from HF_TOKEN/);
  assert.match(text, /there are some, from AWS_ACCESS_KEY_ID/);
});

test("a Hub that is late or away is a warning, told at once", async () => {
  const late: typeof fetch = (_url, init) =>
    new Promise((_resolve, reject) => {
      // As a socket does, it keeps the process waiting.
      const open = setInterval(() => {}, 1000);
      init?.signal?.addEventListener("abort", () => {
        clearInterval(open);
        reject(init.signal?.reason);
      });
    });
  const away: typeof fetch = () => Promise.reject(new TypeError("fetch failed"));
  for (const [ask, message] of [
    [late, /did not answer within 20 ms/],
    [away, /cannot be reached/],
  ] as const) {
    const hub = (await checkMachine({ environment, fetch: ask, timeout_ms: 20 })).at(-1);
    assert.equal(hub?.state, "warning");
    assert.match(hub?.found ?? "", message);
  }
  const skipped = (await checkMachine({ environment, fetch: away, timeout_ms: 0 })).at(-1);
  assert.equal(skipped?.state, "skipped");
});

test("a Node that is too old fails, with what to do", () => {
  assert.equal(nodeCheck("20.12.0").state, "ok");
  assert.deepEqual([nodeCheck("20.11.1").state, nodeCheck("18.20.0").state], ["failed", "failed"]);
  assert.match(nodeCheck("18.20.0").fix ?? "", /20\.12/);
  const { engines } = JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8"));
  assert.equal(engines.node, ">=20.12", "the package and the doctor ask for the same");
});
