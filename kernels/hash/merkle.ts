/**
 * The root of a Merkle tree over texts, by SHA-256 as RFC 6962 builds it: leaves and nodes are hashed under different first bytes.
 *
 * Invariant: equal roots mean equal lists. Price: one hash a leaf and one a node.
 */
import { createHash } from "node:crypto";

/** 64 hexadecimal digits. */
export function merkleRoot(leaves: readonly string[]): string {
  if (leaves.length === 0) return createHash("sha256").digest("hex");
  return treeHash(leaves.map((leaf) => hash(0, Buffer.from(leaf)))).toString("hex");
}

function treeHash(hashes: readonly Buffer[]): Buffer {
  const [first, second] = hashes;
  if (first === undefined) throw new RangeError("a tree has a leaf");
  if (second === undefined) return first;
  // The largest power of two below the number of leaves.
  const left = 2 ** (31 - Math.clz32(hashes.length - 1));
  return hash(1, treeHash(hashes.slice(0, left)), treeHash(hashes.slice(left)));
}

function hash(kind: 0 | 1, ...parts: readonly Uint8Array[]): Buffer {
  const hasher = createHash("sha256").update(Uint8Array.of(kind));
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}
