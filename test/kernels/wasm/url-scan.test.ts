import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wasmModule } from "../../../io/wasm.ts";
import { HostRange } from "../../../kernels/url/host.ts";
import { lineHash } from "../../../kernels/url/line-set.ts";
import { RegistrableDomain } from "../../../kernels/url/registrable-domain.ts";
import { ALONE, WITH_OTHERS } from "../../../kernels/url/suffixes.gen.ts";
import { WasmUrlScan } from "../../../kernels/wasm/url-scan.ts";

const module = wasmModule("url");
const skip = module === undefined ? "WebAssembly with SIMD is not there" : false;
const scan = module && new WasmUrlScan(module, { banned: [], softBanned: [], parts: [] });
const registrable = new RegistrableDomain();
const range = new HostRange();

/** Holds what the scan says of URLs to what the Public Suffix List's package says; returns how many had a host that it can read. */
function plainOf(urls: readonly string[]): number {
  assert.ok(scan !== undefined);
  let plain = 0;
  for (let first = 0; first < urls.length; first += 256) {
    const some = urls.slice(first, first + 256).map((each) => Buffer.from(each));
    scan.reset();
    for (const each of some) assert.ok(scan.add(each, 0, each.length));
    scan.scan();
    for (const [url, bytes] of some.entries()) {
      const name = bytes.toString();
      assert.equal(scan.urlHashes[url], lineHash(bytes, 0, bytes.length), name);
      if (scan.hasOddHost(url)) continue;
      plain++;
      range.find(bytes, 0, bytes.length);
      assert.ok(registrable.find(bytes, range, false), name);
      const { hostStart, start, hostEnd } = registrable;
      assert.deepEqual([scan.hostAt(url), scan.domainAt(url), scan.hostEnd(url)], [hostStart, start, hostEnd], name);
      const hashes = [lineHash(bytes, start, hostEnd), lineHash(bytes, hostStart, hostEnd)];
      assert.deepEqual([scan.hostHashes[2 * url], scan.hostHashes[2 * url + 1]], hashes, name);
    }
  }
  return plain;
}

const several = WITH_OTHERS.flatMap((each) => {
  const [name = "", ...labels] = each.split(" ").map((label) => label.replace("*", ""));
  return [name, ...labels.map((label) => `${label}.${name}`)];
});

test("domains are those of the installed list of suffixes, under every suffix that is known", { skip }, () => {
  const names = [...ALONE.split(" "), ...several];
  assert.ok(names.length > 4000);
  const share = plainOf(names.map((name) => `http://x.ab-1.${name}/a`)) / names.length;
  assert.ok(share > 0.5, `${share}`);
  plainOf(names.flatMap((name) => [`https://x.${name}`, `https://${name}`, `http://${name}.a.${name}?b`]));
});

test("domains of any host that is read are those of the list", { skip }, () => {
  const labels = [
    "a",
    "b-",
    "com",
    "co",
    "uk",
    "za",
    "jp",
    "kobe",
    "ck",
    "www",
    "k12",
    "ma",
    "us",
    "sch",
    "1",
    "",
    "B",
  ];
  const host = fc.array(fc.constantFrom(...labels), { minLength: 1, maxLength: 6 }).map((each) => each.join("."));
  const long = fc.tuple(fc.nat(60), host).map(([length, rest]) => `${"l".repeat(length)}.${rest}`);
  const end = fc.constantFrom("", "/", "?a", "#", ":80", "/a.com", "@b.org/", "\u00e9");
  const scheme = fc.constantFrom("http://", "https://", "http:/", "ftp://", "//", "");
  const url = fc.tuple(scheme, fc.oneof(host, long), end).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(url, { minLength: 1, maxLength: 50 }), (urls) => void plainOf(urls)),
    { numRuns: 100 },
  );
});
