/**
 * IPv4 addresses, by the rule of datatrove 0.10.1: four numbers of up to three digits and at most 255, wherever they
 * stand.
 *
 * Owns which are public: all but the blocks that IANA's registry of special addresses calls not globally reachable, as
 * Python's `ipaddress` reads it since 3.13. A number with a leading zero makes no address.
 */

const FULL_STOP = 0x2e;
const ZERO = 0x30;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** The end of the number at `at` that `stop` follows; -1 where there is none of at most 255, leading zeros allowed. */
export function octetEnd(bytes: Uint8Array, at: number, end: number, stop: number): number {
  let p = at;
  let value = 0;
  while (p < end && p < at + 3 && isDigit(bytes[p])) value = value * 10 + bytes[p++] - ZERO;
  return p > at && p < end && value <= 255 && bytes[p] === stop ? p : -1;
}

/** The end of the longest number of at most 255 at `at`, whatever follows; -1 where there is none. */
function lastOctetEnd(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  let value = 0;
  while (p < end && p < at + 3 && isDigit(bytes[p]) && value * 10 + bytes[p] - ZERO <= 255)
    value = value * 10 + bytes[p++] - ZERO;
  return p > at ? p : -1;
}

/** The end of four numbers at `at`, or -1. */
export function ipv4End(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  for (let i = 0; i < 3; i++) {
    p = octetEnd(bytes, p, end, FULL_STOP) + 1;
    if (p === 0) return -1;
  }
  return lastOctetEnd(bytes, p, end);
}

/** Where the four numbers begin whose first full stop is at `dot`, not before `from`; -1 where there are none. */
export function ipv4Start(bytes: Uint8Array, from: number, dot: number, end: number): number {
  let first = dot;
  while (first > from && first > dot - 3 && isDigit(bytes[first - 1])) first--;
  for (let p = first; p < dot; p++) if (ipv4End(bytes, p, end) >= 0) return p;
  return -1;
}

/** The address that `bytes[start, end)` spells as a number; -1 where a number has a leading zero. */
export function ipv4Value(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  let octet = 0;
  for (let p = start; p <= end; p++) {
    if (p === end || bytes[p] === FULL_STOP) {
      value = value * 256 + octet;
      octet = 0;
      continue;
    }
    const isFirst = p === start || bytes[p - 1] === FULL_STOP;
    if (isFirst && bytes[p] === ZERO && p + 1 < end && bytes[p + 1] !== FULL_STOP) return -1;
    octet = octet * 10 + bytes[p] - ZERO;
  }
  return value;
}

/** Blocks that are not globally reachable: address and length of prefix. */
const SPECIAL: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["240.0.0.0", 4],
];
/** Anycast addresses inside of 192.0.0.0/24 that are. */
const REACHABLE = ["192.0.0.9", "192.0.0.10"].map(addressValue);
const BLOCKS = SPECIAL.map(([address, prefix]) => ({ first: addressValue(address), size: 2 ** (32 - prefix) }));

function addressValue(address: string): number {
  return address.split(".").reduce((value, octet) => value * 256 + Number(octet), 0);
}

export function isPublicIpv4(value: number): boolean {
  if (REACHABLE.includes(value)) return true;
  return !BLOCKS.some(({ first, size }) => value >= first && value < first + size);
}
