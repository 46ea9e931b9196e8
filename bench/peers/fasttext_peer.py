"""MB of text per second of CPU time that fastText's Python module judges: fasttext_peer.py MODEL FILE, texts separated by byte 1."""

import sys
import time

import fasttext

model = fasttext.load_model(sys.argv[1])
with open(sys.argv[2], "rb") as file:
    texts = [text.decode("utf-8", "replace").replace("\n", " ") for text in file.read().split(b"\x01")]
size = sum(len(text.encode()) for text in texts)
best = float("inf")
for _ in range(3):
    before = time.process_time()
    model.predict(texts)
    best = min(best, time.process_time() - before)
print(size / best / 1e6)
