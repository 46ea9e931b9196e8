"""CPU seconds in which fastText's Python module judges the texts of a file: fasttext_peer.py MODEL, then a file a line on stdin; texts are separated by byte 1."""

import sys
import time

import fasttext

model = fasttext.load_model(sys.argv[1])
for name in sys.stdin:
    with open(name.rstrip("\n"), "rb") as file:
        texts = [text.decode("utf-8", "replace").replace("\n", " ") for text in file.read().split(b"\x01")]
    before = time.process_time()
    model.predict(texts)
    print(time.process_time() - before, flush=True)
