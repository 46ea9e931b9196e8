/**
 * The layout of documents in windows, as typed arrays: what planners make and the copy loop reads.
 *
 * Invariant of a good plan: every token of every document lies in exactly one window, and the pieces of each window add
 * up to `window_tokens` (sequence length + 1), where document -1 stands for EOS padding. Price: 12 bytes a piece, 4
 * bytes a window.
 */

/**
 * Which piece of which document lies where in the windows of one shard: what a pack stage makes. Pieces are in window
 * order; the pieces of a window add up to `window_tokens` tokens.
 */
export interface PackPlan {
  readonly windows: number;
  /** Index of the first piece of every window, plus the total at the end: `windows + 1` entries. */
  readonly window_pieces: Uint32Array;
  /** Position of the document in its shard; -1 for padding. */
  readonly piece_document: Int32Array;
  /** First token of the piece, counted from the start of its document. */
  readonly piece_start: Uint32Array;
  readonly piece_length: Uint32Array;
}

/**
 * The plan of a packed shard, from its pieces table: three words a piece (document, start, length), in window order.
 * Throws a RangeError where pieces do not fill whole windows.
 */
export function planFromPieces(words: Uint32Array, windowTokens: number): PackPlan {
  const pieces = words.length / 3;
  const piece_document = new Int32Array(pieces);
  const piece_start = new Uint32Array(pieces);
  const piece_length = new Uint32Array(pieces);
  let tokens = 0;
  for (let piece = 0; piece < pieces; piece++) {
    piece_document[piece] = words[3 * piece];
    piece_start[piece] = words[3 * piece + 1];
    piece_length[piece] = words[3 * piece + 2];
    tokens += piece_length[piece];
  }
  const windows = tokens / windowTokens;
  const window_pieces = new Uint32Array(Math.ceil(windows) + 1);
  let window = 0;
  let inside = 0;
  for (let piece = 0; piece < pieces; piece++) {
    inside += piece_length[piece];
    if (inside < windowTokens) continue;
    if (inside > windowTokens) throw new RangeError(`piece ${piece} crosses the end of window ${window}`);
    window_pieces[++window] = piece + 1;
    inside = 0;
  }
  if (inside > 0) throw new RangeError(`the last window holds ${inside} of ${windowTokens} tokens`);
  return { windows, window_pieces, piece_document, piece_start, piece_length };
}

/** Figures of one packed shard, or of several added up by {@link addStatistics}. All plain numbers. */
export interface PackingStatistics {
  readonly windows: number;
  readonly window_tokens: number;
  readonly documents: number;
  /** Tokens of documents, padding not counted. */
  readonly tokens: number;
  readonly padding_tokens: number;
  /** Tokens of documents that are in no window. */
  readonly tokens_lost: number;
  /** `tokens` in windows / all tokens of windows; 1 when there is no window. */
  readonly fill_ratio: number;
  /** Pieces of documents, padding not counted. */
  readonly pieces: number;
  /** Documents in more than one piece although they fit a window. */
  readonly documents_cut_avoidable: number;
  /** Documents in more than one piece because they are longer than a window. */
  readonly documents_cut_unavoidable: number;
  readonly documents_per_window_mean: number;
  readonly documents_per_window_max: number;
  /** Sum over pieces of length squared: what attention within documents costs. */
  readonly sum_squared_lengths: number;
}

/** Throws where document ends are not what a token store promises: a planner would lay out nonsense. */
export function checkEnds(documentEnds: Float64Array, windowTokens: number): void {
  if (!Number.isInteger(windowTokens) || windowTokens < 2) throw new RangeError(`a window of ${windowTokens} tokens`);
  if (documentEnds.length > 0x7fff_ffff) throw new RangeError(`${documentEnds.length} documents in one shard`);
  let last = 0;
  for (let i = 0; i < documentEnds.length; i++) {
    const length = documentEnds[i] - last;
    if (!(length >= 1 && length <= 0xffff_ffff)) throw new RangeError(`document ${i} has ${length} tokens`);
    last = documentEnds[i];
  }
}

export function packingStatistics(plan: PackPlan, documentEnds: Float64Array, windowTokens: number): PackingStatistics {
  const documents = documentEnds.length;
  const total = documents === 0 ? 0 : documentEnds[documents - 1];
  const piecesOf = new Uint32Array(documents);
  let padding = 0;
  let placed = 0;
  let pieces = 0;
  let most = 0;
  let squares = 0;
  for (let window = 0; window < plan.windows; window++) {
    let inside = 0;
    for (let piece = plan.window_pieces[window]; piece < plan.window_pieces[window + 1]; piece++) {
      const document = plan.piece_document[piece];
      const length = plan.piece_length[piece];
      if (document < 0) {
        padding += length;
        continue;
      }
      inside++;
      placed += length;
      squares += length * length;
      piecesOf[document]++;
    }
    pieces += inside;
    if (inside > most) most = inside;
  }
  let avoidable = 0;
  let unavoidable = 0;
  for (let document = 0; document < documents; document++) {
    if (piecesOf[document] < 2) continue;
    const length = documentEnds[document] - (document === 0 ? 0 : documentEnds[document - 1]);
    if (length > windowTokens) unavoidable++;
    else avoidable++;
  }
  return {
    windows: plan.windows,
    window_tokens: windowTokens,
    documents,
    tokens: total,
    padding_tokens: padding,
    tokens_lost: total - placed,
    fill_ratio: ratio(placed, plan.windows * windowTokens, 1),
    pieces,
    documents_cut_avoidable: avoidable,
    documents_cut_unavoidable: unavoidable,
    documents_per_window_mean: ratio(pieces, plan.windows, 0),
    documents_per_window_max: most,
    sum_squared_lengths: squares,
  };
}

/** The statistics of several shards packed alike, as one. Throws a RangeError for none. */
export function addStatistics(parts: readonly PackingStatistics[]): PackingStatistics {
  if (parts.length === 0) throw new RangeError("no packing statistics to add up");
  const sum = (field: keyof PackingStatistics): number => parts.reduce((total, part) => total + part[field], 0);
  const windows = sum("windows");
  const windowTokens = parts[0].window_tokens;
  const tokens = sum("tokens");
  const lost = sum("tokens_lost");
  const pieces = sum("pieces");
  return {
    windows,
    window_tokens: windowTokens,
    documents: sum("documents"),
    tokens,
    padding_tokens: sum("padding_tokens"),
    tokens_lost: lost,
    fill_ratio: ratio(tokens - lost, windows * windowTokens, 1),
    pieces,
    documents_cut_avoidable: sum("documents_cut_avoidable"),
    documents_cut_unavoidable: sum("documents_cut_unavoidable"),
    documents_per_window_mean: ratio(pieces, windows, 0),
    documents_per_window_max: Math.max(...parts.map((part) => part.documents_per_window_max)),
    sum_squared_lengths: sum("sum_squared_lengths"),
  };
}

function ratio(part: number, whole: number, none: number): number {
  return whole === 0 ? none : part / whole;
}

const FIRST = 1;
const LAST = 2;

/**
 * What is wrong with a plan, in one sentence, or undefined: every window full, every token of every document placed
 * once.
 *
 * Packers may come from plugins, so nothing in a plan is trusted. No sorting: one piece of a document starts at its
 * start, one ends at its end, and every other end takes a start of its own, so the pieces are one chain. Price: one
 * pass over the pieces in 10 to 100 ns each, with a bit a token, a byte a document and 4 bytes a piece. Throws a
 * RangeError for a shard of more than 2^32 tokens.
 */
export function planProblem(plan: PackPlan, documentEnds: Float64Array, windowTokens: number): string | undefined {
  const broken = columnsProblem(plan);
  if (broken !== undefined) return broken;
  const total = documentEnds.length === 0 ? 0 : documentEnds[documentEnds.length - 1];
  if (total > 0xffff_ffff) throw new RangeError(`${total} tokens in one shard`);
  const { piece_document, piece_start, piece_length, window_pieces } = plan;
  const edges = new Uint8Array(documentEnds.length);
  const starts = new Int32Array((total >>> 5) + 1);
  const openEnds = new Uint32Array(piece_document.length);
  let open = 0;
  for (let window = 0; window < plan.windows; window++) {
    let tokens = 0;
    for (let piece = window_pieces[window]; piece < window_pieces[window + 1]; piece++) {
      const document = piece_document[piece];
      const length = piece_length[piece];
      tokens += length;
      if (length === 0) return `piece ${piece} is empty`;
      if (document === -1) continue;
      if (document < 0 || document >= documentEnds.length)
        return `piece ${piece} is of document ${document}, which is not there`;
      const from = document === 0 ? 0 : documentEnds[document - 1];
      const to = documentEnds[document];
      const start = from + piece_start[piece];
      const end = start + length;
      if (end > to) return `piece ${piece} ends at token ${end - from} of document ${document}, which has ${to - from}`;
      const edge = (start === from ? FIRST : 0) | (end === to ? LAST : 0);
      const bit = 1 << (start & 31);
      if ((edges[document] & edge) !== 0 || (start !== from && (starts[start >>> 5] & bit) !== 0))
        return `document ${document} is placed twice`;
      edges[document] |= edge;
      if (start !== from) starts[start >>> 5] |= bit;
      if (end !== to) openEnds[open++] = end;
    }
    if (tokens !== windowTokens) return `window ${window} holds ${tokens} tokens instead of ${windowTokens}`;
  }
  for (let i = 0; i < open; i++) {
    const end = openEnds[i];
    const bit = 1 << (end & 31);
    if ((starts[end >>> 5] & bit) === 0) return `${tokenOf(end, documentEnds)} has a gap or an overlap`;
    starts[end >>> 5] &= ~bit;
  }
  const missing = edges.findIndex((edge) => edge !== (FIRST | LAST));
  if (missing < 0) return undefined;
  return `document ${missing} ${edges[missing] === 0 ? "is in no window" : "is placed in part"}`;
}

function tokenOf(token: number, documentEnds: Float64Array): string {
  const document = documentEnds.findIndex((end) => end > token);
  return `document ${document} at token ${token - (document === 0 ? 0 : documentEnds[document - 1])}`;
}

/** What keeps a plan's columns from being read, or undefined. */
function columnsProblem(plan: PackPlan): string | undefined {
  const { windows, window_pieces, piece_document, piece_start, piece_length } = plan;
  for (const [name, column] of Object.entries({ window_pieces, piece_start, piece_length }))
    if (!(column instanceof Uint32Array)) return `${name} is not a Uint32Array`;
  if (!(piece_document instanceof Int32Array)) return "piece_document is not an Int32Array";
  const pieces = piece_document.length;
  if (window_pieces.length !== windows + 1) return "window_pieces does not have windows + 1 entries";
  if (window_pieces[0] !== 0 || window_pieces[windows] !== pieces) return "window_pieces does not span all pieces";
  if (piece_start.length !== pieces || piece_length.length !== pieces) return "piece columns differ in length";
  for (let window = 0; window < windows; window++)
    if (window_pieces[window + 1] < window_pieces[window]) return `window_pieces descends after window ${window}`;
  return undefined;
}
