/**
 * Shards with a table of offsets in front, as MosaicML streaming (MDS) and litData write them.
 *
 * Bytes: u32 samples n; u32[n + 1] absolute offsets of the samples, the last one the end of the file; a config (MDS: JSON that describes
 * the columns; litData: nothing); the samples back to back. All little-endian. Invariant: a shard is below 4 GiB.
 * Price: one copy of the samples.
 */

/** Throws a RangeError where the shard would be too large for its offsets. */
export function encodeOffsetShard(samples: readonly Uint8Array[], config: Uint8Array = new Uint8Array()): Uint8Array {
  const head = 4 * (samples.length + 2) + config.length;
  const total = samples.reduce((sum, sample) => sum + sample.length, head);
  if (total > 0xffff_ffff) throw new RangeError(`a shard of ${total} bytes`);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, samples.length, true);
  let at = head;
  samples.forEach((sample, i) => {
    view.setUint32(4 * (i + 1), at, true);
    bytes.set(sample, at);
    at += sample.length;
  });
  view.setUint32(4 * (samples.length + 1), at, true);
  bytes.set(config, head - config.length);
  return bytes;
}
