/**
 * What `torch.save` wrote, without its tensors: a zip whose entry `data.pkl` says everything but numbers by the million.
 *
 * Only the directory at the end and that entry are read, so a checkpoint of any size takes milliseconds. Nothing in it is run. Invariant: entries
 * are stored, as torch stores them; files above 4 GiB have zip64 records.
 */
import fs from "node:fs";
import { type PickleValue, readPickle } from "../../kernels/pickle/read-pickle.ts";
import { readPart } from "./read-part.ts";

const END = 0x0605_4b50;
const END_64 = 0x0606_4b50;
const LOCATOR_64 = 0x0706_4b50;
const ENTRY = 0x0201_4b50;
/** A zip's comment is at most so long, and torch writes none. */
const TAIL_BYTES = 66_000;
const FULL = 0xffff_ffff;

interface Place {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly stored: boolean;
}

/** Throws a SyntaxError or RangeError for what is no file of torch's. */
export function readTorchFile(path: string): PickleValue {
  const pickle = entries(path).find(({ name }) => name === "data.pkl" || name.endsWith("/data.pkl"));
  if (pickle === undefined) throw new SyntaxError("there is no data.pkl in the zip");
  if (!pickle.stored) throw new SyntaxError("data.pkl is compressed, which torch does not do");
  const head = view(readPart(path, pickle.offset, 30));
  const start = pickle.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  return readPickle(readPart(path, start, pickle.size));
}

function entries(path: string): readonly Place[] {
  const { size } = fs.statSync(path);
  const base = Math.max(0, size - TAIL_BYTES);
  const tail = view(readPart(path, base, size - base));
  const end = lastSignature(tail, END);
  if (end < 0) throw new SyntaxError("it is no zip, as torch.save writes it");
  const directory = bigDirectory(path, tail, end) ?? {
    at: tail.getUint32(end + 16, true),
    bytes: tail.getUint32(end + 12, true),
  };
  const records = view(readPart(path, directory.at, directory.bytes));
  const places: Place[] = [];
  for (let at = 0; at + 46 <= records.byteLength && records.getUint32(at, true) === ENTRY; ) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => records.getUint16(at + field, true));
    const text = new Uint8Array(records.buffer, records.byteOffset + at + 46, nameBytes);
    places.push({
      name: new TextDecoder().decode(text),
      stored: records.getUint16(at + 10, true) === 0,
      ...sizes(records, at, at + 46 + (nameBytes ?? 0), extraBytes ?? 0),
    });
    at += 46 + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0);
  }
  return places;
}

/** Where the directory is in a file that needs 64 bits to say so. */
function bigDirectory(
  path: string,
  tail: DataView,
  end: number,
): { readonly at: number; readonly bytes: number } | undefined {
  const locator = end - 20;
  if (locator < 0 || tail.getUint32(locator, true) !== LOCATOR_64) return undefined;
  const record = view(readPart(path, Number(tail.getBigUint64(locator + 8, true)), 56));
  if (record.getUint32(0, true) !== END_64) throw new SyntaxError("the zip's end is damaged");
  return { at: Number(record.getBigUint64(48, true)), bytes: Number(record.getBigUint64(40, true)) };
}

/** Size and place of an entry; its zip64 field has those that 32 bits do not hold, in order. */
function sizes(records: DataView, at: number, extra: number, extraBytes: number): Pick<Place, "offset" | "size"> {
  const packed = records.getUint32(at + 20, true);
  const plain = records.getUint32(at + 24, true);
  const offset = records.getUint32(at + 42, true);
  const big = new Map<string, number>();
  for (let field = extra; field + 4 <= extra + extraBytes; field += 4 + records.getUint16(field + 2, true)) {
    if (records.getUint16(field, true) !== 1) continue;
    const wanted = [
      ["plain", plain],
      ["packed", packed],
      ["offset", offset],
    ] as const;
    let value = field + 4;
    for (const [name, small] of wanted) {
      if (small !== FULL) continue;
      big.set(name, Number(records.getBigUint64(value, true)));
      value += 8;
    }
  }
  return { size: big.get("packed") ?? packed, offset: big.get("offset") ?? offset };
}

function lastSignature(tail: DataView, signature: number): number {
  for (let at = tail.byteLength - 22; at >= 0; at--) if (tail.getUint32(at, true) === signature) return at;
  return -1;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
