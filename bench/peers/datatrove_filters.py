"""datatrove's quality filters, without reading or writing files, every filter on every text.

usage: datatrove_filters.py < CORPORA.json     {"corpus": ["text", ...], ...}
Prints one JSON object: MB of UTF-8 per second of CPU time, by corpus and filter; `together` is the sum of the four.
"""
import importlib.metadata  # noqa: F401  datatrove 0.10.0 uses it without importing it
import json
import sys
import time

from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter

filters = {
    "filter/gopher-repetition": GopherRepetitionFilter(),
    "filter/gopher-quality": GopherQualityFilter(),
    "filter/c4-quality": C4QualityFilter(),
    "filter/fineweb-quality": FineWebQualityFilter(),
}


def judge(step, text):
    try:
        step.filter(Document(text=text, id="0"))
    except ZeroDivisionError:  # the repetition filter, on an empty text
        pass


speeds = {}
for step in filters.values():
    judge(step, "The first call loads the words of a language. It takes long.")
for corpus, texts in json.load(sys.stdin).items():
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    seconds = {}
    for name, step in filters.items():
        start = time.process_time()
        for text in texts:
            judge(step, text)
        seconds[name] = time.process_time() - start
    speeds[corpus] = {name: megabytes / spent for name, spent in seconds.items()}
    speeds[corpus]["together"] = megabytes / sum(seconds.values())
print(json.dumps(speeds))
