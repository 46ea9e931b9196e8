"""Resiliparse's main text of pages: JSON lines with `html` in, JSON lines with `text` out, seconds of CPU time of extraction on the last line.

    python main_text_peer.py PAGES.jsonl main|all ROUNDS
"""
import json
import sys
import time

from resiliparse.extract.html2text import extract_plain_text

pages = [json.loads(line)["html"] for line in open(sys.argv[1], encoding="utf-8")]
main = sys.argv[2] == "main"
best = float("inf")
for _ in range(int(sys.argv[3])):
    start = time.process_time()
    texts = [extract_plain_text(page, main_content=main) for page in pages]
    best = min(best, time.process_time() - start)
for text in texts:
    print(json.dumps({"text": text}))
print(json.dumps({"seconds": best}))
