"""Makes test/golden/xxh64.json with the reference implementation (pip install xxhash). Run from the repository root."""

import json

import xxhash

SEEDS = [0, 1, 0x9E3779B1, 0x85EBCA87, 0xFFFFFFFF, 0x0123456789ABCDEF, 0xFFFFFFFFFFFFFFFF]
LENGTHS = [*range(0, 100), 127, 128, 255, 256, 1000, 4096, 65537]


def data(length: int) -> bytes:
    """Byte i is the low byte of i * 2654435761 >> 13, so that high bits, zeros and 255 all occur."""
    return bytes((i * 2654435761 >> 13) & 255 for i in range(length))


cases = [[n, f"{seed:016x}", xxhash.xxh64_hexdigest(data(n), seed)] for n in LENGTHS for seed in SEEDS]
with open("test/golden/xxh64.json", "w") as out:
    out.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
