"""Writes test/golden/python-literals.json: JSON texts and what Python prints of their values (CPython 3.11, Unicode 14.0).

Run from the repository root: python3 test/golden/scripts/python-literals.py
"""

import json

FLOATS = ["0.0", "-0.0", "1.0", "1e5", "1e15", "1e16", "123456789012345680.0", "1.5e300", "0.1", "1e-4", "0.0001234", "1e-5", "1.5e-7", "5e-324", "2.5E+3", "100.25"]
INTEGERS = ["0", "-7", "9007199254740993", "-12345678901234567890", "-0"]
STRINGS = ["", "plain", "it's", 'say "hi"', "both ' and \"", "back\\slash", "line\nbreak\r\ttab", "\x00\x07\x1b\x7f", "\xa0\xad\u200b\u2028\ufeff", "é日本😀", "\U000e0001\ue000", "{'a': 1}"]
CASES = FLOATS + INTEGERS + [json.dumps(text, ensure_ascii=False) for text in STRINGS] + [
    "null", "true", "false", "[]", "{}", '[1, 2.0, "x", null, true, [false]]',
    '{"name": "f", "parameters": {"type": "object", "default": null, "b": 1, "10": 2, "a": [1.50]}}',
]

rows = [{"json": text, "python": repr(json.loads(text))} for text in CASES]
with open("test/golden/python-literals.json", "w", encoding="utf-8") as file:
    json.dump(rows, file, ensure_ascii=True, indent=1)
    file.write("\n")
