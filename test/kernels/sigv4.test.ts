import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeKey, encodeQuery, signRequest } from "../../kernels/sigv4.ts";

test("a GET is signed as AWS's own example is", () => {
  const headers = signRequest({
    method: "GET",
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

const EXAMPLE = {
  region: "us-east-1",
  credentials: {
    access_key_id: "AKIAIOSFODNN7EXAMPLE",
    secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
  time: new Date("2013-05-24T00:00:00.000Z"),
};

test("a PUT with a body and a listing with a query are signed as AWS's own examples are", () => {
  const put = signRequest({
    ...EXAMPLE,
    method: "PUT",
    url: new URL("https://examplebucket.s3.amazonaws.com/test%24file.text"),
    headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
    body_sha256: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
  });
  assert.match(put.authorization ?? "", /Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/);
  const query = encodeQuery({ prefix: "J", "max-keys": "2" });
  assert.equal(query, "max-keys=2&prefix=J");
  assert.equal(
    encodeQuery({ "part-number-marker": "1", part2: "", part: "/" }),
    "part=%2F&part-number-marker=1&part2=",
  );
  const list = signRequest({
    ...EXAMPLE,
    method: "GET",
    url: new URL(`https://examplebucket.s3.amazonaws.com/?${query}`),
  });
  assert.match(list.authorization ?? "", /Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/);
});
