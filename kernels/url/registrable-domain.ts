/**
 * The registrable domain of a host: its public suffix and one label more.
 *
 * Suffixes are those of the ICANN part of the Public Suffix List, as the package `tldts` of this version has it. Invariant: a host without such a suffix,
 * such as an address or a made-up name, has none. Price: 150 to 250 ns a host of ASCII.
 */
import { getPublicSuffix, parse } from "tldts";
import type { HostRange } from "./host.ts";

/** The host is one already; addresses end in no suffix anyway. */
const OPTIONS = { extractHostname: false, validateHostname: false, detectIp: false, allowPrivateDomains: false };
/** Names behind the last dot that are remembered. */
const MAX_KNOWN = 8192;
const DOT = 0x2e;

/** By byte of ASCII, its small letter. */
const small = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) small[byte] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;

/** Answers for one host after the other. */
export class RegistrableDomain {
  /** The host in lower case with plain dots, where it is not as the URL has it. */
  host: Uint8Array = new Uint8Array(0);
  /** Of `host`. */
  hostStart = 0;
  hostEnd = 0;
  /** Where the registrable domain starts, which ends where the host does. */
  start = 0;
  /** Whether a name behind the last dot is a suffix. */
  readonly #known = new Map<string, boolean>();
  #folded = Buffer.alloc(256);

  /**
   * Looks at the host `range` of `bytes`; whether it has a registrable domain. `fold` makes ASCII capitals small; otherwise they stay as they are and still
   * end in a suffix.
   */
  find(bytes: Uint8Array, range: HostRange, fold: boolean): boolean {
    const { start, end } = range;
    if (end - start < 3 || range.bracketed) return false;
    const length = end - start;
    if (this.#folded.length < length) this.#folded = Buffer.alloc(2 * length);
    const folded = this.#folded;
    let high = 0;
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i];
      high |= byte;
      folded[i] = small[byte];
    }
    if (high >= 0x80) return this.#findUnicode(bytes, start, end, fold);
    this.host = fold ? folded : bytes;
    this.hostStart = fold ? 0 : start;
    this.hostEnd = this.hostStart + length;
    const suffix = this.#suffixLength(folded.toString("latin1", 0, length));
    return suffix > 0 && this.#label(suffix);
  }

  /** Says what `find` has said of an equal host, where this one stands at `bytes[hostStart, hostEnd)` as it is. */
  set(bytes: Uint8Array, hostStart: number, start: number, hostEnd: number): void {
    this.host = bytes;
    this.hostStart = hostStart;
    this.start = start;
    this.hostEnd = hostEnd;
  }

  #findUnicode(bytes: Uint8Array, start: number, end: number, fold: boolean): boolean {
    const host = Buffer.from(bytes.subarray(start, end))
      .toString("utf8")
      .replace(/[\u3002\uff0e\uff61]/g, ".");
    const lower = host.toLowerCase();
    const own = Buffer.from(fold ? lower : host, "utf8");
    this.host = own;
    this.hostStart = 0;
    this.hostEnd = own.length;
    const characters = this.#suffixLength(lower);
    // Lower case changes the length of few letters, and of none in a suffix.
    return characters > 0 && this.#label(Buffer.byteLength(lower.slice(lower.length - characters), "utf8"));
  }

  /** Characters of the public suffix at the end of `host`; 0 where it has none. */
  #suffixLength(host: string): number {
    const suffix = getPublicSuffix(host, OPTIONS);
    if (suffix === null || suffix.length === 0) return 0;
    return suffix.includes(".") || this.#isSuffix(suffix) ? suffix.length : 0;
  }

  /** Whether the name behind the last dot is on the list: what is not there counts as a suffix for the library. */
  #isSuffix(name: string): boolean {
    let known = this.#known.get(name);
    if (known === undefined) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      known = parse(`a.${name}`, OPTIONS).isIcann === true;
      this.#known.set(name, known);
    }
    return known;
  }

  /** Finds the label before the suffix; false where there is none. */
  #label(suffixBytes: number): boolean {
    const { host, hostStart } = this;
    const end = this.hostEnd - suffixBytes - 1;
    let start = end;
    while (start > hostStart && host[start - 1] !== DOT) start--;
    this.start = start;
    if (start >= end) return false;
    // An empty first label is none, and takes its dot along.
    if (host[hostStart] === DOT && start === hostStart + 1) this.hostStart = start;
    return true;
  }
}
