"""The best label of each text and its score, and the score of one label, by fastText's Python module: fasttext_labels.py MODEL FILE LABEL; texts are separated by byte 1. Lines of JSON."""

import json
import sys

import fasttext

_, name, file, watched = sys.argv
model = fasttext.load_model(name)
with open(file, "rb") as opened:
    for text in opened.read().split(b"\x01")[:-1]:
        line = text.decode("utf-8").replace("\n", " ")
        labels, scores = model.predict(line, k=-1)
        watched_score = scores[labels.index(watched)] if watched in labels else 0.0
        print(json.dumps([labels[0], float(scores[0]), float(watched_score)] if labels else None))
