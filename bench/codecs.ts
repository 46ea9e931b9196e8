/**
 * Decompression on one core, stream by stream: ours beside Node's own codecs, the decoder that was used before, and the tools.
 *
 *   node dist/bench/codecs.js [--data DIR] [NAME ...] [--megabytes 64] [--rounds 3]
 *
 * Content: DIR/NAME.jsonl, or texts that come with the development dependencies, as one file. zstd of the pinned encoder,
 * level 3, as one frame and in frames of 1 MiB; gzip of Node, level 6; bzip2 and xz of the tools where they are there.
 * Figures are MB of content per second of user CPU time, medians of rounds in turns; of the tools, wall time. Table on
 * stderr, JSON on stdout.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import zlib from "node:zlib";
import { type Codec, decode } from "../io/codecs/codec.ts";
import { blockEncoder } from "../io/codecs/encoder.ts";
import { median } from "./support/figures.ts";
import { readInstalled } from "./support/installed-texts.ts";
import { readFolder } from "./support/texts.ts";

const PIECE_BYTES = 1 << 20;
const FRAME_BYTES = 1 << 20;

/** Decompresses the file and returns the length of its content. */
type Run = (file: Buffer) => number | Promise<number>;

interface Peer {
  readonly name: string;
  readonly run: Run;
}

async function* piecesOf(file: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += PIECE_BYTES) yield file.subarray(at, at + PIECE_BYTES);
}

function ours(codec: Codec): Peer {
  const run = async (file: Buffer): Promise<number> => {
    let length = 0;
    for await (const piece of decode(codec, piecesOf(file), "bench")) length += piece.length;
    return length;
  };
  return { name: "shardmill", run };
}

/** One of `node:zlib`'s streams; no peer where this Node lacks it. */
function nodeStream(name: "createGunzip" | "createZstdDecompress"): Peer[] {
  const create = (zlib as unknown as Record<string, (() => zlib.Gunzip) | undefined>)[name];
  if (create === undefined) return [];
  const run = async (file: Buffer): Promise<number> => {
    let length = 0;
    const stream = create();
    stream.end(file);
    for await (const piece of stream) length += (piece as Buffer).length;
    return length;
  };
  return [{ name: `node:zlib ${name}`, run }];
}

/** What read zstd on Node 20 before, where it is installed. */
async function fzstd(): Promise<Peer[]> {
  const specifier = "fzstd";
  try {
    const { Decompress } = (await import(specifier)) as {
      Decompress: new (take: (piece: Uint8Array) => void) => { push(piece: Uint8Array, last?: boolean): void };
    };
    const run = (file: Buffer): number => {
      let length = 0;
      const stream = new Decompress((piece) => {
        length += piece.length;
      });
      for (let at = 0; at < file.length; at += FRAME_BYTES) {
        stream.push(Uint8Array.from(file.subarray(at, at + FRAME_BYTES)), at + FRAME_BYTES >= file.length);
      }
      return length;
    };
    return [{ name: "fzstd", run }];
  } catch {
    return [];
  }
}

/** Output of a tool, undefined where it is not there. */
function tool(name: string, flags: readonly string[], input: Buffer): Buffer | undefined {
  const { status, stdout } = spawnSync(name, flags, { input, maxBuffer: 1 << 30, stdio: ["pipe", "pipe", "ignore"] });
  return status === 0 ? stdout : undefined;
}

const toolPeer = (name: string): Peer => ({
  name: `${name} -dc (wall)`,
  run: (file) => tool(name, ["-dc"], file)?.length ?? 0,
});

async function speed({ name, run }: Peer, file: Buffer, length: number): Promise<number> {
  const isWall = name.endsWith("(wall)");
  const started = isWall ? performance.now() * 1000 : process.cpuUsage().user;
  const found = await run(file);
  const spent = (isWall ? performance.now() * 1000 : process.cpuUsage().user) - started;
  if (found !== length) throw new Error(`${name} made ${found} bytes of ${length}`);
  return length / spent;
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    megabytes: { type: "string", default: "64" },
    rounds: { type: "string", default: "3" },
  },
});
const maxBytes = Number(flags.megabytes) * 1e6;
const corpora =
  flags.data === undefined ? readInstalled(positionals, maxBytes) : readFolder(flags.data, positionals, maxBytes);
const content = Buffer.concat([...corpora.values()].flat()).subarray(0, maxBytes);

const encoder = blockEncoder("zstd");
const frames: Uint8Array[] = [];
for (let at = 0; at < content.length; at += FRAME_BYTES)
  frames.push(encoder.frame(content.subarray(at, at + FRAME_BYTES)));
const zstdPeers = [ours("zstd"), ...nodeStream("createZstdDecompress"), ...(await fzstd())];
const files: readonly (readonly [string, Buffer | undefined, readonly Peer[]])[] = [
  ["zstd, one frame", Buffer.from(encoder.frame(content)), zstdPeers],
  ["zstd, frames of 1 MiB", Buffer.concat(frames), zstdPeers.filter(({ name }) => name !== "fzstd")],
  ["gzip", zlib.gzipSync(content), [ours("gzip"), ...nodeStream("createGunzip")]],
  ["bzip2", tool("bzip2", ["-c"], content), [ours("bzip2"), toolPeer("bzip2")]],
  ["xz", tool("xz", ["-c"], content), [ours("xz"), toolPeer("xz")]],
];

const results: { file: string; ratio: number; peer: string; mb_per_s: number; of_ours: number }[] = [];
for (const [name, file, peers] of files) {
  if (file === undefined) continue;
  const speeds = new Map<string, number[]>(peers.map((peer) => [peer.name, []]));
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const peer of peers) speeds.get(peer.name)?.push(await speed(peer, file, content.length));
  }
  const own = median(speeds.get("shardmill") ?? []);
  for (const [peer, found] of speeds) {
    const mbPerSecond = median(found);
    results.push({
      file: name,
      ratio: Number((content.length / file.length).toFixed(2)),
      peer,
      mb_per_s: Math.round(mbPerSecond),
      of_ours: Number((mbPerSecond / own).toFixed(2)),
    });
    process.stderr.write(`${name.padEnd(24)} ${peer.padEnd(32)} ${mbPerSecond.toFixed(0).padStart(6)} MB/s\n`);
  }
}
process.stdout.write(
  `${JSON.stringify({ content: path.basename(flags.data ?? "installed"), names: [...corpora.keys()], megabytes: content.length / 1e6, results }, null, 2)}\n`,
);
