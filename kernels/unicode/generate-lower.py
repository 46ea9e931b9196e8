"""Writes lower.gen.ts: what `str.lower()` of CPython 3.11 (Unicode 14.0) makes of each character.

Needs: Python 3.11. Usage: python kernels/unicode/generate-lower.py > kernels/unicode/lower.gen.ts
"""

import unicodedata

from runs import LIMIT, runs

assert unicodedata.unidata_version == "14.0.0", "run me with Python 3.11: the tables are pinned to Unicode 14.0"
# Actions, shared with kernels/lower-case.ts; from FIRST_DELTA on: the difference at that index.
COPY, SIGMA, DOTTED_I, FIRST_DELTA = range(4)


deltas = []
actions = []
for code in range(LIMIT):
    lower = chr(code).lower()
    if code == 0x3A3:
        actions.append(SIGMA)
    elif code == 0x130:
        assert lower == "i\u0307"
        actions.append(DOTTED_I)
    elif lower == chr(code):
        actions.append(COPY)
    else:
        assert len(lower) == 1
        delta = ord(lower) - code
        if delta not in deltas:
            deltas.append(delta)
        actions.append(FIRST_DELTA + deltas.index(delta))
print("/** Lower case by character: written by generate-lower.py from CPython 3.11 (Unicode 14.0). Do not edit. */")
print(f'export const LOWER_RUNS =\n  "{runs(actions)}";')
print(f"export const LOWER_DELTAS: readonly number[] = {deltas};")
