"""datatrove's FTFYFormatter and PIIFormatter, without reading or writing files.

usage: datatrove_formatters.py TEXTS.json RESULT.json     ["text", ...]
Writes {"seconds": {"repair": CPU seconds, "pii": CPU seconds}, "texts": [what each text becomes]}.
"""
import json
import sys
import time

from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter

steps = {
    "repair": FTFYFormatter(),
    # One replacement of each kind: which one comes next would depend on the texts before.
    "pii": PIIFormatter(email_replacement="email@example.com", ip_replacement="22.214.171.124"),
}
with open(sys.argv[1]) as file:
    texts = json.load(file)
for step in steps.values():
    step.format("The first call takes longer: é &amp; a@example.org")
seconds = {}
for name, step in steps.items():
    start = time.process_time()
    texts = [step.format(text) for text in texts]
    seconds[name] = time.process_time() - start
with open(sys.argv[2], "w") as file:
    json.dump({"seconds": seconds, "texts": texts}, file)
