"""Makes kernels/bpe/clusters.gen.ts: what `tokenizers` knows of each character when it cuts text into grapheme clusters for `Precompiled`.

    python -m venv venv && venv/bin/pip install tokenizers==0.23.2
    venv/bin/python test/golden/scripts/bpe.clusters.py > kernels/bpe/clusters.gen.ts

A charsmap that has every byte as a key makes one letter of each cluster of fewer than six bytes, and one of each character of a longer one. So
the length of what it makes of a few characters tells where they are cut.
"""
import base64
import struct

from tokenizers.normalizers import Precompiled

ROOT, CHILDREN, LEAVES, SIZE = 256, 768, 512, 768
units = [0] * SIZE
units[0] = ROOT << 10
for byte in range(1, 256):
    units[ROOT + byte] = CHILDREN << 10 | 1 << 8 | byte
    units[LEAVES + byte] = 1 << 31
trie = struct.pack(f"<{SIZE}I", *units)
counter = Precompiled(struct.pack("<I", len(trie)) + trie + b"Y\0")


def pieces(text):
    made = counter.normalize_str(text)
    assert set(made) <= {"Y"}
    return len(made)


MARK, VIRAMA, JOINER, KA, COPYRIGHT, SIGN = "\u0300", "\u094d", "\u200d", "\u0915", "\u00a9", "\u0600"
L, V, T = "\u1100", "\u1161", "\u11a8"
assert (pieces("ab"), pieces("a" + MARK), pieces("a" + 3 * MARK)) == (2, 1, 4)


def bits(char):
    control = pieces(char + MARK + MARK) == 2
    joins = pieces("a" + char) == 1
    prepends = pieces(char + "a") == 1
    if control:
        return 1
    return sum(
        bit
        for bit, holds in [
            (2, joins),
            (4, prepends),
            (8, not joins and pieces(COPYRIGHT + JOINER + char) == 3),
            (16, joins and pieces(COPYRIGHT + char + JOINER + COPYRIGHT + MARK) == 5),
            (32, not prepends and pieces(char + VIRAMA + KA + MARK) == 4),
            (64, joins and pieces(KA + char + KA + MARK) == 4),
            (128, joins and pieces(KA + char + VIRAMA + KA + MARK) == 5),
            (256, not joins and pieces(SIGN + L + char) == 3),
            (512, not joins and pieces(SIGN + V + char) == 3),
            (1024, not joins and pieces(SIGN + T + char) == 3),
            (2048, not prepends and pieces(char + L + MARK) == 3),
            (4096, not prepends and pieces(char + V + MARK) == 3),
            (8192, not prepends and pieces(char + T + MARK) == 3),
        ]
        if holds
    )


def varint(number):
    while number > 127:
        yield number & 127 | 128
        number >>= 7
    yield number


runs = []
for code_point in range(0x110000):
    # No key has U+0000, a control like its neighbours; surrogates are no text.
    value = 1 if code_point == 0 or 0xD800 <= code_point < 0xE000 else bits(chr(code_point))
    if runs and runs[-1][1] == value:
        runs[-1][0] += 1
    else:
        runs.append([1, value])
coded = base64.b64encode(bytes(byte for run in runs for number in run for byte in varint(number))).decode()
print("// Made by test/golden/scripts/bpe.clusters.py from tokenizers 0.23.2. Do not edit.\n")
print("/** Bits of each character, as kernels/bpe/clusters.ts names them: runs of length and value, varints, base64. */")
print("export const CLUSTER_RUNS: string = [")
for at in range(0, len(coded), 116):
    print(f'  "{coded[at:at + 116]}",')
print('].join("");')
