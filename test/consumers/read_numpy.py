"""Reads torchtitan's pair and the `.bin` of llm.c as their loaders do, with NumPy alone.

Usage: read_numpy.py FOLDER FILE. Prints {"documents", "header", "starts", "tokens"}.
"""

import json
import sys

import numpy

folder, path = sys.argv[1:]
tokens = numpy.memmap(f"{folder}/tokens.bin", dtype=numpy.uint32, mode="r")
offsets = numpy.load(f"{folder}/document_offsets.npy")
assert offsets[-1] == len(tokens)
documents = [tokens[start:end].tolist() for start, end in zip(offsets[:-1], offsets[1:])]
header = numpy.fromfile(path, dtype="<i4", count=256)
dtype = {20240520: numpy.uint16, 20240801: numpy.uint32}[int(header[0])]
stream = numpy.fromfile(path, dtype=dtype, offset=1024)
assert len(stream) == header[2]
print(json.dumps({"documents": documents, "header": header[:3].tolist(), "tokens": stream.tolist()}))
