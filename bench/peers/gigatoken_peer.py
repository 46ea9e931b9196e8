"""Gigatoken beside the encoder's benchmark, on one thread, which times it in turns with the others.

  python bench/peers/gigatoken_peer.py TOKENIZER.json

Reads paths of JSON files from stdin, each `{"first": [text, …], "second": [text, …]}`, and answers each with a line of JSON: MB of text per second
of CPU time for the first texts with an empty word cache, the second ones, both as one, and the second ones again. Needs: gigatoken 0.10.
"""

import json
import os
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"

import gigatoken  # noqa: E402

LEAST_S = 0.04


def seconds(tokenizer, texts):
    start = time.process_time()
    # Bytes are its fastest input: strings cost it as much again.
    for text in texts:
        tokenizer.encode(text)
    return time.process_time() - start


with open(sys.argv[1], encoding="utf-8") as file:
    definition = file.read()
for line in sys.stdin:
    with open(line.strip(), encoding="utf-8") as file:
        texts = json.load(file)
    first, second = ([text.encode() for text in texts[key]] for key in ("first", "second"))
    megabytes = lambda texts: sum(map(len, texts)) / 1e6
    makers, load, cold, steady = 0, 0.0, 0.0, 0.0
    while makers == 0 or min(cold, steady) < LEAST_S:
        makers += 1
        start = time.process_time()
        tokenizer = gigatoken.Tokenizer.from_json(definition)
        load += time.process_time() - start
        cold += seconds(tokenizer, first)
        steady += seconds(tokenizer, second)
    passes, warm = 0, 0.0
    while warm < LEAST_S:
        passes += 1
        warm += seconds(tokenizer, second)
    figures = {
        "load_ms": load / makers * 1000,
        "cold": megabytes(first) * makers / cold,
        "steady": megabytes(second) * makers / steady,
        "first": megabytes(first + second) * makers / (cold + steady),
        "warm": megabytes(second) * passes / warm,
    }
    print(json.dumps(figures), flush=True)
