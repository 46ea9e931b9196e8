/**
 * The lanes of one token shard, tokens and loss, for whoever copies runs of them.
 *
 * Tokens are read from the file where runs are long, and lie in memory where they are short: a read for each would cost more than the copy.
 * Loss is a byte a token and lies in memory. Invariant: nothing of a lane is handed out before all of its file has been checked, and the
 * descriptor that was checked is the one that is read, so a file that takes its place meanwhile changes nothing.
 * Price: tokens are read twice from the page cache where they are read from the file; the time is the same, and 128 MB of a full shard are
 * not in memory.
 */
import { release } from "../batch/memory.ts";
import { checkOpened, fillVouched, readLargeVouched, type Vouched, withVouched } from "../io/local/vouched.ts";
import { type Lane, laneOf, type TokenArray } from "../kernels/pack/fill.ts";
import { bytesOf, decodeLoss, decodeTokens, type TokenBytes } from "./token-file.ts";

/** Mean bytes of a run from which on reads cost no more than copies: half a page. */
const LONG_RUN_BYTES = 2048;

export interface TokenLaneFiles {
  readonly tokens: Vouched;
  readonly token_bytes: TokenBytes;
  /** Absent where all tokens are trained. */
  readonly loss?: Vouched;
  /** How many runs will be copied of the whole shard. */
  readonly runs: number;
}

export interface TokenLanes {
  readonly tokens: Lane<TokenArray>;
  readonly loss?: Lane<Uint8Array>;
}

/** Opens the lanes for as long as `use` runs. Throws RunError `store/damaged`, and DataError for a lane that means nothing. */
export function withTokenLanes<Result>(files: TokenLaneFiles, use: (lanes: TokenLanes) => Result): Result {
  const { tokens, token_bytes, loss, runs } = files;
  const withTokens = tokens.file.size_bytes >= runs * LONG_RUN_BYTES ? tokensFromFile : tokensInMemory;
  return withTokens(tokens, token_bytes, (lane) => {
    if (loss === undefined) return use({ tokens: lane });
    const bytes = readLargeVouched(loss);
    try {
      const count = tokens.file.size_bytes / token_bytes;
      return use({ tokens: lane, loss: laneOf(decodeLoss(bytes, count, loss.file.name)) });
    } finally {
      release(bytes);
    }
  });
}

function tokensInMemory<Result>(file: Vouched, width: TokenBytes, use: (lane: Lane<TokenArray>) => Result): Result {
  const bytes = readLargeVouched(file);
  try {
    return use(laneOf(decodeTokens(bytes, width, file.file.name)));
  } finally {
    release(bytes);
  }
}

function tokensFromFile<Result>(file: Vouched, width: TokenBytes, use: (lane: Lane<TokenArray>) => Result): Result {
  return withVouched(file, (descriptor) => {
    checkOpened(file, descriptor);
    return use({
      bytes_per_entry: width,
      copy: (from, count, out, at) =>
        fillVouched(file, descriptor, bytesOf(out.subarray(at, at + count)), from * width),
    });
  });
}
