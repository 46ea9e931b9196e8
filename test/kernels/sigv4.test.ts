import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeKey, signGet } from "../../kernels/sigv4.ts";

test("a GET is signed as AWS's own example is", () => {
  const headers = signGet({
    url: new URL("https://examplebucket.s3.amazonaws.com/test.txt"),
    region: "us-east-1",
    credentials: {
      access_key_id: "AKIAIOSFODNN7EXAMPLE",
      secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
    time: new Date("2013-05-24T00:00:00.000Z"),
    headers: { range: "bytes=0-9" },
  });
  assert.equal(
    headers.authorization,
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, " +
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
});

test("keys are encoded once, slashes aside", () => {
  assert.equal(encodeKey("content/a b+c(ü)*'!~"), "content/a%20b%2Bc%28%C3%BC%29%2A%27%21~");
});
