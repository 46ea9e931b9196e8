"""What datatrove's filters decide: a JSON object a line in, {"text", "language"}, and one out, {filter: [reason or null, digest of the text that C4 leaves]}.

usage: datatrove_decisions.py LISTS FREQUENCIES < DOCUMENTS     LISTS: folder with a list of bad words for each language, named after it
Reasons are datatrove's own; `error` stands for an exception, which would end a run.
"""
import csv
import hashlib
import importlib.metadata  # noqa: F401  datatrove uses it without importing it
import json
import os
import sys

from datatrove.data import Document
from datatrove.pipeline.filters import C4ParagraphFilter, C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters import c4_filters, fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter, unigram_log_probs

lists, frequencies = sys.argv[1:3]
c4_filters._BADWORDS_LANGS = sorted(os.listdir(lists))
c4_filters.cached_asset_path_or_download = lambda url, **_: os.path.join(lists, url.rsplit("/", 1)[1])

# The words of a text are the same for every filter: split once.
split = gopher_quality_filter.split_into_words
last = [None, None]


def split_once(text, language):
    if last[0] != text:
        last[:] = [text, split(text, language)]
    return last[1]


for module in (gopher_quality_filter, gopher_repetition_filter, fineweb_quality_filter, unigram_log_probs):
    module.split_into_words = split_once


class Unigram(unigram_log_probs.UnigramLogProbFilter):
    def get_frequencies(self):
        with open(frequencies, encoding="utf-8", newline="") as file:
            rows = [(row["word"], int(row["count"])) for row in csv.DictReader(file)]
        total = sum(count for _, count in rows)
        return {word: count / total for word, count in rows}


filters = {
    "gopher-repetition": GopherRepetitionFilter(),
    "gopher-quality": GopherQualityFilter(),
    "fineweb-quality": FineWebQualityFilter(),
    "c4-quality": C4QualityFilter(),
    "c4-paragraphs": C4ParagraphFilter(),
    "c4-bad-words": c4_filters.C4BadWordsFilter(),
    "unigram-log-probability": Unigram(),
}
for line in sys.stdin:
    row = json.loads(line)
    decisions = {}
    for name, step in filters.items():
        document = Document(text=row["text"], id="0", metadata={"language": row["language"]})
        try:
            result = step.filter(document)
        except (ZeroDivisionError, ValueError) as error:
            decisions[name] = ["error", type(error).__name__]
            continue
        kept, reason = result if isinstance(result, tuple) else (bool(result), "dropped")
        left = hashlib.sha256(document.text.encode()).hexdigest()[:16] if kept and name == "c4-quality" else ""
        decisions[name] = [None if kept else reason, left]
    print(json.dumps(decisions), flush=True)
