"""Writes test/golden/fasttext/language-filter.json: what datatrove's LanguageFilter decides with the small models that lie there.

Needs: datatrove 0.10.1, fasttext-numpy2-wheel, fasteners. Usage, from the root of the repository: python test/golden/scripts/language-filter.py
"""

import base64
import gzip
import json
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import LanguageFilter
from fasttext.FastText import _FastText

OUT = Path("test/golden/fasttext")
texts = json.loads(gzip.open(OUT / "predictions.json.gz").read())["texts"]
texts = [base64.b64decode(text) for text in texts]
chosen = []
for text in texts[::4]:
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        continue
    if len(text) < 2000 and "</s>" not in decoded and "__label__" not in decoded:
        chosen.append(decoded)
chosen = chosen[:120]
chosen += ["\n".join(chosen[:3]), "Jeder hat das Recht.\nEveryone has the right.", "\n"]

RUNS = [
    ("hs-subwords.bin", {}),
    ("hs-subwords.bin", {"languages": ["en", "fr"], "min_score": 0.2}),
    ("hs-quantized.ftz", {"languages": ["de"], "min_score": 0.05, "min_top_score": 0.01}),
    ("softmax-subwords.bin", {"min_score": 0.4, "min_top_score": 0.1}),
    ("softmax-subwords.bin", {"languages": ["en", "de", "ru"], "min_score": 0.3}),
    ("ova-words.bin", {"min_score": 0.5}),
    ("two.bin", {"languages": ["en"], "min_score": 0.5, "label_only": True}),
]
runs = []
for model, options in RUNS:
    judge = LanguageFilter(
        languages=options.get("languages"),
        language_threshold=options.get("min_score", 0.65),
        label_only=options.get("label_only", False),
        keep_top_pairs_threshold=options.get("min_top_score", -1),
    )
    judge.model._model = _FastText(str(OUT / model))
    rows = []
    for text in chosen:
        document = Document(text=text, id="0")
        kept = bool(judge.filter(document))
        found = document.metadata
        top = {key[len("top_language_") : -len("_score")]: value for key, value in found.items() if key.startswith("top_language_")}
        rows.append({"kept": kept, "language": found["language"], "score": found["language_score"], "top": top})
    runs.append({"model": model, "options": options, "rows": rows})
(OUT / "language-filter.json").write_text(json.dumps({"texts": chosen, "runs": runs}, ensure_ascii=True, separators=(",", ":")) + "\n")
print(len(chosen), (OUT / "language-filter.json").stat().st_size, [sum(row["kept"] for row in run["rows"]) for run in runs])
