/** Merkle roots, held to the vectors of RFC 6962's reference implementation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { merkleRoot } from "../../../kernels/hash/merkle.ts";

test("roots of no leaf, one, and leaves that fill no whole tree", () => {
  assert.equal(merkleRoot([]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(merkleRoot([""]), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  const leaves = ["", "\0", "\x10", "\x20\x21", "\x30\x31", "@ABC", "PQRSTUVW", "`abcdefghijklmno"];
  const roots = [2, 3, 5, 8].map((count) => merkleRoot(leaves.slice(0, count)));
  assert.deepEqual(roots, [
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]);
});
