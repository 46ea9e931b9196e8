"""Makes test/golden/compressed/* with Python's own bz2 and lzma. Run from the repository root."""

import bz2
import lzma

TEXT = b"".join(b"line %d: the quick brown fox, \xe2\x80\x9cquoted\xe2\x80\x9d, %d\n" % (i, i * i % 9973) for i in range(6000))
RUNS = b"".join(bytes([97 + i % 7]) * n for i, n in enumerate([1, 3, 4, 5, 255, 258, 259, 260, 300, 10_000, 4, 4, 0, 70_000]))
THIRD = len(TEXT) // 3

files = {
    # Level 1 cuts blocks of 100 kB.
    "text.bz2": bz2.compress(TEXT, 1),
    "streams.bz2": bz2.compress(TEXT[:THIRD], 9) + bz2.compress(b"") + bz2.compress(TEXT[THIRD:], 2),
    "runs.bz2": bz2.compress(RUNS, 9),
    "bytes.bz2": bz2.compress(bytes(range(256)) * 8, 9),
    "text.xz": lzma.compress(TEXT),
    "streams.xz": lzma.compress(TEXT[:THIRD], check=lzma.CHECK_CRC32) + bytes(8) + lzma.compress(TEXT[THIRD:], preset=0),
    "none.xz": lzma.compress(TEXT, check=lzma.CHECK_NONE),
    "sha256.xz": lzma.compress(RUNS, check=lzma.CHECK_SHA256),
    "delta.xz": lzma.compress(RUNS, filters=[{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2}]),
}
for name, data in files.items():
    with open(f"test/golden/compressed/{name}", "wb") as out:
        out.write(data)
