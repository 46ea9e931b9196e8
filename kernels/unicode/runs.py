"""The code of tables by code point, which kernels/unicode/two-stage.ts decodes: (length, value) pairs as varints, base64."""

import base64

LIMIT = 0x110000


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def runs(values):
    """Of one value for every code point, U+0000 to U+10FFFF."""
    out = bytearray()
    at = 0
    while at < LIMIT:
        end = at
        while end < LIMIT and values[end] == values[at]:
            end += 1
        out += varint(end - at) + varint(values[at])
        at = end
    return base64.b64encode(bytes(out)).decode()
