"""Makes test/golden/zstd/*.zst with the reference library (pip install zstandard). Run from the repository root."""

import struct

import zstandard

TEXT = b"".join(b"line %d: the quick brown fox, \xe2\x80\x9cquoted\xe2\x80\x9d, %d\n" % (i, i * i % 9973) for i in range(6000))


def frame(data: bytes, level: int = 3, **options) -> bytes:
    return zstandard.ZstdCompressor(level=level, **options).compress(data)


def stream(data: bytes, level: int, checksum: bool) -> bytes:
    """As from a pipe: no content size in the header."""
    c = zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=False).compressobj()
    return c.compress(data) + c.flush()


skippable = struct.pack("<II", 0x184D2A5B, 5) + b"skip!"
third = len(TEXT) // 3
files = {
    "checksum": frame(TEXT, write_checksum=True),
    "stream": stream(TEXT, 3, True),
    "plain": stream(TEXT, 9, False),
    "frames": skippable
    + frame(TEXT[:third], write_checksum=True)
    + frame(b"", write_checksum=True)
    + skippable
    + stream(TEXT[third : third + 1], 3, False)
    + frame(TEXT[third + 1 :], level=1, write_checksum=True)
    + skippable,
}
for name, data in files.items():
    with open(f"test/golden/zstd/{name}.zst", "wb") as out:
        out.write(data)
