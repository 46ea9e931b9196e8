/**
 * Takes off what HTTP calls a content encoding: gzip, deflate, br, zstd, in the order that they were put on.
 *
 * Invariants: what comes out has at most `maxBytes`; content that is cut is a fault, unless the archive says that it has cut it, then it is what can be had.
 * A body that does not begin like its encoding was decoded before it was kept: archives leave the field as it was. Price: that of the decoder.
 */
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { unzstdBlock } from "./zstd.ts";

export type Content = { readonly bytes: Uint8Array } | { readonly fault: string } | { readonly tooLarge: true };

/** `encodings` is the field's value. */
export function withoutEncoding(body: Uint8Array, encodings: string, maxBytes: number, mayBeCut: boolean): Content {
  const names = encodings
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  let bytes = body;
  for (const name of names.toReversed()) {
    const decode = DECODERS[name];
    // Not one that is registered, so nothing was put on: `utf-8` stands there more often than one would think.
    if (decode === undefined || bytes.length === 0) continue;
    try {
      bytes = decode(bytes, maxBytes, mayBeCut);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ERR_BUFFER_TOO_LARGE" || /holds more than/.test(message)) return { tooLarge: true };
      return { fault: `its content is not ${name}: ${message}` };
    }
  }
  return { bytes };
}

type Decode = (bytes: Uint8Array, maxBytes: number, mayBeCut: boolean) => Uint8Array;

function zlibOptions(maxBytes: number, mayBeCut: boolean) {
  return { maxOutputLength: maxBytes, ...(mayBeCut && { finishFlush: constants.Z_SYNC_FLUSH }) };
}

const gzip: Decode = (bytes, maxBytes, mayBeCut) =>
  bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, zlibOptions(maxBytes, mayBeCut)) : bytes;

const deflate: Decode = (bytes, maxBytes, mayBeCut) => {
  const options = zlibOptions(maxBytes, mayBeCut);
  // Servers send it with the header of zlib, and without.
  const hasHeader = ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;
  if (hasHeader) return inflateSync(bytes, options);
  return isText(bytes) ? bytes : inflateRawSync(bytes, options);
};

const brotli: Decode = (bytes, maxBytes, mayBeCut) => {
  // The format has no mark to know it by.
  if (isText(bytes)) return bytes;
  const finishFlush = mayBeCut ? constants.BROTLI_OPERATION_FLUSH : constants.BROTLI_OPERATION_FINISH;
  return brotliDecompressSync(bytes, { maxOutputLength: maxBytes, finishFlush });
};

const zstd: Decode = (bytes, maxBytes) =>
  bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd
    ? unzstdBlock(bytes, maxBytes)
    : bytes;

const DECODERS: Readonly<Record<string, Decode | undefined>> = {
  gzip,
  "x-gzip": gzip,
  deflate,
  br: brotli,
  zstd,
};

/** Whether `bytes` begin like a page: blanks and then markup, or a byte order mark. */
function isText(bytes: Uint8Array): boolean {
  return /^(?:\xef\xbb\xbf)?\s*<[a-z!?]/i.test(Buffer.from(bytes.subarray(0, 64)).toString("latin1"));
}
