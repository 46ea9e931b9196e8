/**
 * A table of JSON lines that is asked by key.
 *
 * Invariant: of lines with equal keys the first one counts; a line that is no JSON object or has no key is an error that names it. Memory: the file
 * once for all threads; a thread holds its keys and 16 to 24 bytes a line.
 */
import { DataError } from "../../batch/errors.ts";
import { numberAt, uint8At } from "../../batch/numbers.ts";
import { ByteStrings } from "../../kernels/byte-strings.ts";
import { JsonKind, JsonScanner, SCAN_SLACK_BYTES } from "../../kernels/json/json-scan.ts";

const NEWLINE = 0x0a;

/** Per column a text, the JSON text of anything else, or null. */
export type TableRow = readonly (string | null)[];

export class LookUpTable {
  readonly #bytes: Uint8Array;
  readonly #name: string;
  readonly #scanner: JsonScanner;
  readonly #columns: number;
  readonly #keys: ByteStrings;
  /** Start of each line, and the end of the last. */
  readonly #starts: number[] = [0];
  #line = new Uint8Array(1 << 12);

  /** `key` and `columns` are keys of the lines, or paths into them. `name` is for messages. */
  constructor(bytes: Uint8Array, key: string, columns: readonly string[], name: string) {
    this.#bytes = bytes;
    this.#name = name;
    this.#columns = columns.length;
    this.#scanner = new JsonScanner([key, ...columns].map((path) => path.split(".")));
    this.#scanner.attach(this.#line);
    this.#keys = this.#readKeys();
  }

  get size(): number {
    return this.#keys.size;
  }

  /** The first line with that key. */
  find(key: string): TableRow | undefined {
    const bytes = Buffer.from(key, "utf8");
    const line = this.#keys.find(bytes, 0, bytes.length);
    if (line < 0) return undefined;
    this.#scan(numberAt(this.#starts, line), numberAt(this.#starts, line + 1));
    return Array.from({ length: this.#columns }, (_, column) => {
      const kind = uint8At(this.#scanner.kinds, 1 + column);
      if (kind === JsonKind.missing || kind === JsonKind.null) return null;
      return Buffer.from(this.#scanner.value(1 + column)).toString("utf8");
    });
  }

  #readKeys(): ByteStrings {
    const bytes = this.#bytes;
    const keys: Buffer[] = [];
    const ends: number[] = [];
    let end = 0;
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(NEWLINE, at);
      const next = newline < 0 ? bytes.length : newline + 1;
      const problem = this.#scan(at, next);
      const kind = uint8At(this.#scanner.kinds, 0);
      if (problem || (kind !== JsonKind.string && kind !== JsonKind.number)) throw this.#badLine(keys.length, problem);
      const key = Buffer.from(this.#scanner.value(0));
      end += key.length;
      keys.push(key);
      ends.push(end);
      this.#starts.push(next);
      at = next;
    }
    return new ByteStrings(Buffer.concat(keys), ends);
  }

  /** Scans a line; false where it is JSON. */
  #scan(start: number, end: number): boolean {
    let length = end - start;
    if (this.#line.length < length + 1 + SCAN_SLACK_BYTES) {
      this.#line = new Uint8Array(2 * (length + 1 + SCAN_SLACK_BYTES));
      this.#scanner.attach(this.#line);
    }
    this.#line.set(this.#bytes.subarray(start, end));
    if (length > 0 && this.#line[length - 1] === NEWLINE) length--;
    this.#line[length] = NEWLINE;
    return this.#scanner.scan(0, length) !== -1;
  }

  #badLine(line: number, broken: boolean): DataError {
    return new DataError({
      code: "data/look-up-table",
      what: `line ${line + 1} of ${this.#name} ${broken ? "is no JSON" : "has no key that is a text or a number"}`,
      why: "a table is looked up by the key of its lines, so each needs one",
      fix: "write one JSON object a line, each with its key",
    });
  }
}
