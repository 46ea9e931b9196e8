"""Rows that share an n-gram of lower-case words with benchmark items, by sets of strings. Reads {benchmarks, ngram, texts} from stdin."""

import gzip
import json
import sys
import time

asked = json.load(sys.stdin)
n = asked["ngram"]


def ngrams(text):
    words = text.lower().split()
    return (" ".join(words[i : i + n]) for i in range(len(words) - n + 1))


index = set()
for file, columns in asked["benchmarks"]:
    with (gzip.open if file.endswith(".gz") else open)(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for column in columns:
                index.update(ngrams(row[column]))
best = float("inf")
for _ in range(3):
    before = time.process_time()
    rows = [i for i, text in enumerate(asked["texts"]) if any(ngram in index for ngram in ngrams(text))]
    best = min(best, time.process_time() - before)
size = sum(len(text.encode()) for text in asked["texts"])
print(json.dumps({"rows": rows, "mb_per_s": size / best / 1e6}))
