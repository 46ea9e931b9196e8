"""The reference of bpe.fuzz.mjs: reads batches of texts, writes the ids `tokenizers` gives.

Arguments: a tokenizer.json and modes, `text` or `parse`: what special tokens in a text are. A batch is a line of JSON, a list of texts. Answered
for each mode with 32-bit words in little endian: for each text the number of ids and the ids.
"""
import json
import struct
import sys
from array import array

from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
tokenizer.no_padding()
tokenizer.no_truncation()
for line in sys.stdin:
    texts = json.loads(line)
    for mode in sys.argv[2:]:
        tokenizer.encode_special_tokens = mode == "text"
        words = array("I")
        for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            ids = encoding.ids
            words.append(len(ids))
            words.extend(ids)
        data = words.tobytes()
        sys.stdout.buffer.write(struct.pack("<I", len(data)))
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
