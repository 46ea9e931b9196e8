"""A packed window is what its documents are alone: a small causal transformer with rotary positions, in double precision, on the CPU.

Usage: masked_attention.py < JSON {"vocabulary", "windows": [{"ids", "lengths"}]}. Attention in a window stays inside the pieces of `lengths`, as
varlen kernels do it from cu_seqlens; positions count through the row, as nanotron rotates. Prints {"pieces", "largest_difference",
"largest_difference_unmasked"}: logits of every piece in its window against logits of the piece alone, and what no mask would do.
"""

import json
import math
import sys

import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
WIDTH, HEADS, LAYERS = 32, 4, 2

given = json.load(sys.stdin)
embedding = torch.nn.Embedding(given["vocabulary"], WIDTH)
layers = [
    {name: torch.nn.Linear(a, b, bias=False) for name, a, b in (("qkv", WIDTH, 3 * WIDTH), ("out", WIDTH, WIDTH), ("up", WIDTH, 64), ("down", 64, WIDTH))}
    for _ in range(LAYERS)
]


def rotate(x):
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[-2])[:, None] / 10000 ** (torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()), dim=-1)


def logits(ids, segments):
    x = embedding(ids)
    allowed = (segments[:, None] == segments[None, :]) & torch.ones(len(ids), len(ids), dtype=torch.bool).tril()
    for layer in layers:
        q, k, v = (
            part.view(len(ids), HEADS, -1).transpose(0, 1)
            for part in layer["qkv"](torch.nn.functional.layer_norm(x, (WIDTH,))).chunk(3, dim=-1)
        )
        scores = rotate(q) @ rotate(k).transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        attended = scores.masked_fill(~allowed, -torch.inf).softmax(-1) @ v
        x = x + layer["out"](attended.transpose(0, 1).reshape(len(ids), WIDTH))
        x = x + layer["down"](torch.nn.functional.gelu(layer["up"](torch.nn.functional.layer_norm(x, (WIDTH,)))))
    return x @ embedding.weight.T


pieces, worst, unmasked = 0, 0.0, 0.0
with torch.no_grad():
    for window in given["windows"]:
        ids = torch.tensor(window["ids"])
        lengths = torch.tensor(window["lengths"])
        segments = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        packed = logits(ids, segments)
        open_window = logits(ids, torch.zeros_like(segments))
        start = 0
        for length in window["lengths"]:
            alone = logits(ids[start : start + length], torch.zeros(length, dtype=torch.long))
            worst = max(worst, (packed[start : start + length] - alone).abs().max().item())
            unmasked = max(unmasked, (open_window[start : start + length] - alone).abs().max().item())
            start += length
            pieces += 1
print(json.dumps({"pieces": pieces, "largest_difference": worst, "largest_difference_unmasked": unmasked}))
