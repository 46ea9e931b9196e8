"""What pyarrow makes of the seeded mutants of writers/mutant_*: one letter each, in writers/mutants.json.

`r`: refused. `s`: every value as it was. `d`: other values, without a word. `mutant` has its twin in test/stages/read/mutants.ts.
Run it in its folder's parent: test/golden. A reader that dies or takes more than ten seconds has refused.
"""

import json
import math
import multiprocessing
import pathlib
import re
import sys

COUNT = 2000


def mutant(original, seed):
    state = (seed * 2654435761 + 12345) % 2**32

    def below(limit):
        nonlocal state
        state = (state * 1664525 + 1013904223) % 2**32
        return state * limit // 2**32

    data = bytearray(original)
    kind = below(10)
    if kind < 6:
        at = below(len(data))
        data[at] ^= 1 << below(8)
    elif kind < 8:
        for _ in range(1 + below(4)):
            at = below(len(data))
            data[at] = below(256)
    elif kind == 8:
        del data[below(len(data)) :]
    else:
        at = below(len(data))
        length = 1 + below(64)
        data[at : at + length] = bytes(min(length, len(data) - at))
    return bytes(data)


def values(name, data):
    import pyarrow as pa
    import pyarrow.ipc as ipc
    import pyarrow.parquet as pq

    if name.endswith(".parquet"):
        table = pq.read_table(pa.BufferReader(data), use_threads=False)
    else:
        with ipc.open_file(pa.BufferReader(data)) as reader:
            table = reader.read_all()
    table.validate(full=True)
    return repr([(field, [str(value) if isinstance(value, float) and math.isnan(value) else value for value in column.to_pylist()])
                 for field, column in zip(table.column_names, table.columns)])


def work(name, original, start, end, out):
    want = values(name, original)
    for i in range(start, end):
        try:
            out[i] = ord("s" if values(name, mutant(original, i)) == want else "d")
        except BaseException:
            out[i] = ord("r")


def verdicts(name, original):
    out = multiprocessing.RawArray("B", COUNT)
    while 0 in bytes(out):
        start = bytes(out).index(0)
        process = multiprocessing.Process(target=work, args=(name, original, start, COUNT, out))
        process.start()
        at = -1
        while process.is_alive():
            process.join(10)
            now = bytes(out).find(0)
            if now == at:
                process.kill()
            at = now
        if 0 in bytes(out):
            out[bytes(out).index(0)] = ord("r")
    return bytes(out).decode()


if __name__ == "__main__":
    sys.stderr = open("/dev/null", "w")
    found = {}
    for path in sorted(pathlib.Path("writers").glob("mutant_*")):
        runs = verdicts(path.name, path.read_bytes())
        # As runs: a letter and how often it comes.
        found[path.name] = re.sub(r"(.)\1*", lambda run: run[1] + (str(len(run[0])) if len(run[0]) > 1 else ""), runs)
        print(path.name, {letter: runs.count(letter) for letter in "rsd"})
    pathlib.Path("writers/mutants.json").write_text(json.dumps(found, indent=0) + "\n")
