/**
 * The token file of a span: documents in runs, each run in shuffle order.
 *
 * Invariant: inside a run documents ascend by shuffle key, so the documents that a store shard takes from a run lie side by side and
 * the shuffle's second pass merges runs with sequential reads; tokens are never written a time in between.
 * A loss lane, one byte a token, is written in the same order to a file of its own; a document without one counts as trained throughout.
 * Memory: {@link RUN_BYTES} of tokens, and with a loss lane a byte for each. A span that holds more, such as one large compressed file, has several runs.
 */
import { Float64Builder, Int32Builder } from "../../../batch/builder.ts";
import { allocate, release } from "../../../batch/memory.ts";
import { numberAt, uint32At } from "../../../batch/numbers.ts";
import { BufferedWriter } from "../../../io/local/buffered-writer.ts";

export const RUN_BYTES = 32 * 1024 * 1024;

export class TokenRuns {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #tokenBytes: number;
  readonly #buffer: Uint8Array;
  readonly #writeLoss: ((bytes: Uint8Array) => void) | undefined;
  readonly #loss: Uint8Array;
  #filled = 0;
  /** Where each document of the open run begins in the buffer, and the end of the last one. */
  #starts: number[] = [0];
  #keys: number[] = [];
  #written = 0;
  readonly #tokenStart = new Float64Builder();
  readonly #run = new Int32Builder();
  #runs = 0;

  constructor(
    write: (bytes: Uint8Array) => void,
    tokenBytes: number,
    runBytes = RUN_BYTES,
    writeLoss?: (bytes: Uint8Array) => void,
  ) {
    this.#write = write;
    this.#writeLoss = writeLoss;
    this.#loss = writeLoss === undefined ? new Uint8Array(0) : allocate(Math.ceil(runBytes / tokenBytes));
    this.#tokenBytes = tokenBytes;
    this.#buffer = allocate(runBytes);
  }

  /** The next document: its 64-bit key in two unsigned words, its tokens as the file has them, and a byte for each where it has a loss lane. */
  add(keyHigh: number, keyLow: number, tokens: Uint8Array, loss?: Uint8Array): void {
    if (this.#filled + tokens.length > this.#buffer.length) this.#endRun();
    this.#keys.push(keyHigh, keyLow);
    if (tokens.length > this.#buffer.length) {
      this.#endLargeRun(tokens, loss);
      return;
    }
    if (this.#writeLoss !== undefined) this.#setLoss(this.#loss, this.#filled / this.#tokenBytes, tokens, loss);
    this.#buffer.set(tokens, this.#filled);
    this.#filled += tokens.length;
    this.#starts.push(this.#filled);
  }

  /** Writes what is left. Per document, in the order of `add`: its run, and where its tokens start in the file, in tokens. */
  finish(): { readonly run: Int32Array; readonly tokenStart: Float64Array } {
    this.#endRun();
    this.abort();
    return { run: this.#run.finish(), tokenStart: this.#tokenStart.finish() };
  }

  /** Ends its life without a result. */
  abort(): void {
    release(this.#buffer);
    release(this.#loss);
  }

  #setLoss(out: Uint8Array, at: number, tokens: Uint8Array, loss: Uint8Array | undefined): void {
    if (loss === undefined) out.fill(1, at, at + tokens.length / this.#tokenBytes);
    else out.set(loss, at);
  }

  #endRun(): void {
    const documents = this.#keys.length / 2;
    if (documents === 0) return;
    const keys = Uint32Array.from(this.#keys);
    const order = Uint32Array.from({ length: documents }, (_, document) => document);
    const high = (document: number) => uint32At(keys, 2 * document);
    const low = (document: number) => uint32At(keys, 2 * document + 1);
    order.sort((a, b) => high(a) - high(b) || low(a) - low(b) || a - b);
    const starts = new Float64Array(documents);
    const writer = new BufferedWriter(this.#write);
    const lossWriter = this.#writeLoss && new BufferedWriter(this.#writeLoss);
    for (const document of order) {
      starts[document] = this.#written / this.#tokenBytes;
      const from = numberAt(this.#starts, document);
      const to = numberAt(this.#starts, document + 1);
      writer.write(this.#buffer.subarray(from, to));
      lossWriter?.write(this.#loss.subarray(from / this.#tokenBytes, to / this.#tokenBytes));
      this.#written += to - from;
    }
    writer.close();
    lossWriter?.close();
    for (const start of starts) this.#place(start);
    this.#nextRun();
  }

  /** A document that no buffer holds is a run of its own. */
  #endLargeRun(tokens: Uint8Array, loss: Uint8Array | undefined): void {
    this.#place(this.#written / this.#tokenBytes);
    this.#write(tokens);
    if (this.#writeLoss !== undefined) {
      const bytes = new Uint8Array(tokens.length / this.#tokenBytes);
      this.#setLoss(bytes, 0, tokens, loss);
      this.#writeLoss(bytes);
    }
    this.#written += tokens.length;
    this.#nextRun();
  }

  #place(start: number): void {
    this.#tokenStart.append(start);
    this.#run.append(this.#runs);
  }

  #nextRun(): void {
    this.#runs++;
    this.#keys = [];
    this.#starts = [0];
    this.#filled = 0;
  }
}
