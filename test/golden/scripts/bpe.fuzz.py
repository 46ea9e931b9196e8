"""The reference of bpe.fuzz.mjs: reads batches of texts, writes the ids `tokenizers` gives.

Arguments: a tokenizer.json. A batch is a line of JSON, a list of texts. Answered with 32-bit words in little endian: for each text the number of
ids and the ids, first with special tokens as text, then for all texts again with them parsed.
"""
import json
import struct
import sys

from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
tokenizer.no_padding()
tokenizer.no_truncation()
for line in sys.stdin:
    texts = json.loads(line)
    for encode_special_tokens in (True, False):
        tokenizer.encode_special_tokens = encode_special_tokens
        words = []
        for encoding in tokenizer.encode_batch(texts, add_special_tokens=False):
            ids = encoding.ids
            words.append(len(ids))
            words.extend(ids)
        data = struct.pack(f"<{len(words)}I", *words)
        sys.stdout.buffer.write(struct.pack("<I", len(data)))
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
