/**
 * IPv6 addresses in text.
 *
 * An address is what RFC 4291 lets one write, with no letter, digit, colon or full stop before and no letter, digit or
 * colon behind it, whose first group is written with four digits: all that are assigned to somebody are, and `a::b` is
 * more often code. Public ones are global unicast addresses, 2000::/3, without the blocks for protocols, documentation
 * and 6to4.
 */
import { ipv4End, ipv4Value } from "./ipv4.ts";

const COLON = 0x3a;
const FULL_STOP = 0x2e;
const GROUPS = 8;

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function isWordByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x7a) || byte === 0x5f || byte >= 0x80;
}

export interface Ipv6Match {
  readonly start: number;
  readonly end: number;
  readonly isPublic: boolean;
}

/** The address whose first colon is at `colon`, not before `from`, or undefined. */
export function ipv6At(bytes: Uint8Array, from: number, colon: number, end: number): Ipv6Match | undefined {
  const start = colon - 4;
  if (start < from) return undefined;
  for (let p = start; p < colon; p++) if (hexValue(bytes[p]) < 0) return undefined;
  const before = start > from ? bytes[start - 1] : 0;
  if (isWordByte(before) || before === COLON || before === FULL_STOP) return undefined;
  const groups = new Groups();
  const stop = groups.read(bytes, start, end);
  if (stop < 0 || (stop < end && (isWordByte(bytes[stop]) || bytes[stop] === COLON))) return undefined;
  return { start, end: stop, isPublic: isPublicIpv6(groups.first, groups.second) };
}

/** Reads groups from left to right. */
class Groups {
  first = 0;
  /** 0 where it is left out. */
  second = 0;
  #count = 0;
  #hasGap = false;

  /** The end of the address at `at`, or -1. */
  read(bytes: Uint8Array, at: number, end: number): number {
    for (let p = at; ; ) {
      const stop = groupEnd(bytes, p, end);
      if (stop < end && stop > p && bytes[stop] === FULL_STOP && this.#left >= 2) {
        const dotted = ipv4End(bytes, p, end);
        if (dotted >= 0 && ipv4Value(bytes, p, dotted) >= 0) return this.#isWhole(2) ? dotted : -1;
      }
      // Two colons at the end stand for groups as well.
      if (stop === p) return this.#hasGap && this.#isWhole(0) ? p : -1;
      this.#add(bytes, p, stop);
      const follows = stop < end && bytes[stop] === COLON ? this.#separator(bytes, stop, end) : 0;
      if (follows === 0) return this.#isWhole(0) ? stop : -1;
      p = stop + follows;
    }
  }

  get #left(): number {
    return GROUPS - this.#count;
  }

  /** Colons behind a group that belong to the address: 1 before a further group, 2 where groups are left out. */
  #separator(bytes: Uint8Array, at: number, end: number): number {
    if (at + 1 < end && bytes[at + 1] === COLON) {
      if (this.#hasGap) return 0;
      this.#hasGap = true;
      return 2;
    }
    return at + 1 < end && hexValue(bytes[at + 1]) >= 0 && this.#left > 0 ? 1 : 0;
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    let value = 0;
    for (let p = start; p < end; p++) value = value * 16 + hexValue(bytes[p]);
    if (this.#count === 0) this.first = value;
    if (this.#count === 1 && !this.#hasGap) this.second = value;
    this.#count++;
  }

  #isWhole(more: number): boolean {
    const count = this.#count + more;
    return this.#hasGap ? count < GROUPS : count === GROUPS;
  }
}

/** The end of up to four hexadecimal digits. */
function groupEnd(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && p < at + 4 && hexValue(bytes[p]) >= 0) p++;
  return p;
}

function isPublicIpv6(first: number, second: number): boolean {
  if (first < 0x2000 || first > 0x3fff || first === 0x2002) return false;
  if (first === 0x2001) return second >= 0x200 && second !== 0x0db8;
  return first !== 0x3fff || second >= 0x1000;
}
