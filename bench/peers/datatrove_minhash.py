"""Signatures of datatrove's MinHash, without reading or writing files: simplify_text, English words, xxh64 5-grams, 14 x 8 permutations.

usage: datatrove_minhash.py < CORPORA.json     {"corpus": ["text", ...], ...}
Prints one JSON object: MB of UTF-8 per second of CPU time, by corpus.
"""
import json
import sys
import time

from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig

step = MinhashDedupSignature("memory://signatures", config=MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8))


def sketch(text):
    shingles = step.get_shingles(text)
    return step.get_signature(shingles) if shingles.size else None


sketch("the first call loads the words of a language")
speeds = {}
for corpus, texts in json.load(sys.stdin).items():
    start = time.process_time()
    for text in texts:
        sketch(text)
    speeds[corpus] = sum(len(text.encode()) for text in texts) / 1e6 / (time.process_time() - start)
print(json.dumps(speeds))
