/**
 * Headers of Parquet pages, in the form that the page decoder takes.
 *
 * Invariant: the header of a page has the part that its type asks for, with every number that the decoder reads; anything else is an Error that
 * says what is wrong. Statistics are passed over.
 */
import { Encodings, PageTypes } from "hyparquet/src/constants.js";
import type { Encoding, PageHeader } from "hyparquet/src/types.js";
import { readThrift, type ThriftRecord } from "../../kernels/parquet/thrift-read.ts";

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`page header without ${what}`);
  return value;
}

function size(value: number | undefined, what: string): number {
  const found = required(value, what);
  if (found < 0 || found > 2 ** 31) throw new Error(`page of ${found} ${what}`);
  return found;
}

function encodingOf(code: number | undefined): Encoding {
  const found = Encodings[required(code, "an encoding")];
  if (found === undefined) throw new Error(`values in encoding ${code}, which the format does not know`);
  return found;
}

/** The header at the start of `bytes`, and its length. Throws `ThriftCut` where it is longer than `bytes`. */
export function parsePageHeader(bytes: Uint8Array): { readonly header: PageHeader; readonly length: number } {
  const { record, end } = readThrift(bytes, 0);
  const code = required(record.integer(1), "a type");
  const type = PageTypes[code];
  if (type === undefined) throw new Error(`page of type ${code}, which the format does not know`);
  const header: PageHeader = {
    type,
    uncompressed_page_size: size(record.integer(2), "bytes uncompressed"),
    compressed_page_size: size(record.integer(3), "bytes"),
    ...parts(record, type),
  };
  const crc = record.integer(4);
  if (crc !== undefined) header.crc = crc;
  return { header, length: end };
}

function parts(record: ThriftRecord, type: PageHeader["type"]): Partial<PageHeader> {
  switch (type) {
    case "DICTIONARY_PAGE": {
      const part = required(record.record(7), "its dictionary part");
      return {
        dictionary_page_header: { num_values: size(part.integer(1), "values"), encoding: encodingOf(part.integer(2)) },
      };
    }
    case "DATA_PAGE": {
      const part = required(record.record(5), "its data part");
      return {
        data_page_header: {
          num_values: size(part.integer(1), "values"),
          encoding: encodingOf(part.integer(2)),
          definition_level_encoding: encodingOf(part.integer(3)),
          repetition_level_encoding: encodingOf(part.integer(4)),
        },
      };
    }
    case "DATA_PAGE_V2": {
      const part = required(record.record(8), "its data part");
      return {
        data_page_header_v2: {
          num_values: size(part.integer(1), "values"),
          num_nulls: size(part.integer(2), "nulls"),
          num_rows: size(part.integer(3), "rows"),
          encoding: encodingOf(part.integer(4)),
          definition_levels_byte_length: size(part.integer(5), "bytes of definition levels"),
          repetition_levels_byte_length: size(part.integer(6), "bytes of repetition levels"),
          is_compressed: part.bool(7) ?? true,
        },
      };
    }
    default:
      return {};
  }
}
