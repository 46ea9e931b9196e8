"""A suffix array with its LCP array over the texts of a JSONL file, in memory. Prints CPU seconds.

    python bench/peers/suffix_array_peer.py ROWS.jsonl

What every substring dedup by suffix array has to make before it can look for repeats. Needs pydivsufsort and numpy.
"""

import json
import sys
import time

import numpy as np
from pydivsufsort import divsufsort, kasai

with open(sys.argv[1], encoding="utf-8") as file:
    texts = [json.loads(line)["text"].encode() for line in file]
data = np.frombuffer(bytearray(b"\xff".join(texts)), np.uint8)
begin = time.process_time()
kasai(data, divsufsort(data))
print(time.process_time() - begin)
