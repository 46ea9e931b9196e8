/**
 * Memory for the large arrays of batches and tasks: one arena a thread, taken from and given back to.
 *
 * Why: every fresh megabyte costs 256 page faults, moves V8 closer to a collection of a heap that has nothing to collect, and stays
 * resident until that collection comes. Invariant: memory is not zeroed, so a user shows only bytes it has written; what is released
 * belongs to nobody, so only the last owner of all views of a block may release it. A block that is never released is lost to the arena
 * and nothing worse: what the arena cannot hold is allocated as usual. Price: at most {@link ARENA_BYTES} of resident memory.
 */

/** Where a builder takes its memory from. */
export interface Memory {
  allocate(bytes: number): Uint8Array<ArrayBuffer>;
  release(view: ArrayBufferView): void;
}

/** A shard of 32M tokens and the windows it becomes; or a run of tokens and some ten batches. */
const ARENA_BYTES = 160 * 1024 * 1024;
/** Below it, malloc is as good. */
const SMALLEST_BYTES = 64 * 1024;
/** Blocks begin and end at pages. */
const ALIGNMENT = 4096;

interface Block {
  readonly start: number;
  readonly end: number;
}

let arena: ArrayBuffer | undefined;
/** What is not lent, ascending, no two touching. A dozen at most. */
const free: Block[] = [{ start: 0, end: ARENA_BYTES }];
/** What is lent, by its start. */
const lent = new Map<number, Block>();

/** `bytes` bytes of memory, 4 KiB aligned in the arena. Their content is whatever was there. */
export function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  if (bytes < SMALLEST_BYTES) return new Uint8Array(bytes);
  const size = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  // First fit: the low end is used over and over, the high end may never become resident.
  const found = free.findIndex(({ start, end }) => end - start >= size);
  if (found < 0) return HEAP.allocate(bytes);
  const { start, end } = free[found];
  if (end - start === size) free.splice(found, 1);
  else free[found] = { start: start + size, end };
  lent.set(start, { start, end: start + size });
  arena ??= Buffer.allocUnsafeSlow(ARENA_BYTES).buffer;
  return new Uint8Array(arena, start, bytes);
}

/** {@link allocate} for `count` unsigned 32-bit integers. */
export function allocateWords(count: number): Uint32Array<ArrayBuffer> {
  const bytes = allocate(count * 4);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
}

/** Gives back the block that `view` begins; nothing may read it afterwards. Does nothing where that is no block of the arena. */
export function release(view: ArrayBufferView): void {
  const block = view.buffer === arena ? lent.get(view.byteOffset) : undefined;
  if (block === undefined) return;
  lent.delete(block.start);
  let at = free.findIndex(({ start }) => start > block.start);
  if (at < 0) at = free.length;
  const joinsBefore = at > 0 && free[at - 1].end === block.start;
  const joinsAfter = at < free.length && free[at].start === block.end;
  const from = joinsBefore ? at - 1 : at;
  free.splice(from, Number(joinsBefore) + Number(joinsAfter), {
    start: joinsBefore ? free[at - 1].start : block.start,
    end: joinsAfter ? free[at].end : block.end,
  });
}

/** Memory that the collector frees: for what has no last owner. Not zeroed either, which once cost a reader a third of its time. */
export const HEAP: Memory = {
  allocate: (bytes) => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer),
  release: () => {},
};

/** For columns of batches whose end is known. */
export const ARENA: Memory = { allocate, release };
