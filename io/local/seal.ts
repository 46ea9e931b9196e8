/**
 * JSON that carries its own checksum: a flipped byte in it is found.
 *
 * Invariant: one line of canonical JSON whose last field, `checksum`, covers every byte before it; equal values give equal bytes.
 */
import { canonicalJson } from "../../kernels/json/canonical.ts";
import { checksumOf } from "./block-sums.ts";

const FIELD = '"checksum":"';
/** The field with its 16 digits, and what ends the line. */
const TAIL_BYTES = FIELD.length + 16 + '"}\n'.length;

/** The bytes of `value`, which has a field at least and none called `checksum`. */
export function seal(value: object): Buffer {
  if ("checksum" in value) throw new Error("a sealed value has a checksum already");
  const head = `${canonicalJson(value).slice(0, -1)},`;
  return Buffer.from(`${head}${FIELD}${checksumOf(Buffer.from(head))}"}\n`);
}

/** The value that {@link seal} was given, or undefined where `bytes` are not as it made them. */
export function unseal(bytes: Uint8Array): unknown {
  const head = bytes.subarray(0, Math.max(0, bytes.length - TAIL_BYTES));
  const tail = Buffer.from(bytes.subarray(head.length)).toString("latin1");
  if (tail !== `${FIELD}${checksumOf(head)}"}\n`) return undefined;
  const { checksum: _, ...value } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown>;
  return value;
}
