"""The same experiment with a transformer of one layer, where torch is: node examples/mixture/main.js --python PYTHON

Reads a job as JSON from stdin, trains every candidate from the same start, and prints a list of losses by domain for each. Token ids beyond the
most frequent ones of all domains are one id, so losses are smaller than those of a model that knows every token, and compare among themselves.
"""

import json
import sys

import numpy as np
import torch
from torch import nn

IDS, WIDTH, BATCH = 2048, 64, 8


class Model(nn.Module):
    def __init__(self, length):
        super().__init__()
        self.embed = nn.Embedding(IDS, WIDTH)
        self.place = nn.Embedding(length, WIDTH)
        self.layer = nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, dropout=0.0, batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(WIDTH)
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        self.register_buffer("mask", mask)

    def forward(self, windows):
        inputs, targets = windows[:, :-1], windows[:, 1:]
        hidden = self.layer(self.embed(inputs) + self.place.weight, src_mask=self.mask, is_causal=True)
        logits = self.norm(hidden) @ self.embed.weight.T
        return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def read(files, job):
    dtype = np.uint16 if job["token_bytes"] == 2 else np.uint32
    ids = np.concatenate([np.fromfile(file, dtype) for file in files])
    return ids.reshape(-1, job["window_tokens"])


def train(windows, held_out, length):
    torch.manual_seed(0)
    model = Model(length)
    nn.init.normal_(model.embed.weight, std=WIDTH**-0.5)
    order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(0))
    batches = order.split(BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, 2 * (1 - step / len(batches))))
    for batch in batches:
        optimizer.zero_grad()
        model(windows[batch]).backward()
        optimizer.step()
        schedule.step()
    model.eval()
    with torch.no_grad():
        return [round(model(windows).item(), 6) for windows in held_out]


def main():
    job = json.load(sys.stdin)
    torch.set_num_threads(job["threads"])
    raw = {name: read(files, job) for name, files in job["windows"].items()}
    # The same number of tokens of every domain says which ids are frequent.
    sample = np.concatenate([windows[:400].ravel() for windows in raw.values()])
    frequent = np.argsort(-np.bincount(sample, minlength=job["vocab_size"]), kind="stable")[: IDS - 1]
    known = np.full(job["vocab_size"], IDS - 1)
    known[frequent] = np.arange(IDS - 1)
    windows = {name: torch.from_numpy(known[ids]) for name, ids in raw.items()}
    held_out = [torch.from_numpy(known[read(files, job)]) for files in job["held_out"]]
    for folder in job["candidates"]:
        with open(f"{folder}/manifest.json") as file:
            stages = json.load(file)["stages"]
        read_windows = [
            windows[name][torch.arange(share["start_window"], share["end_window"]) % share["epoch_windows"]]
            for stage in stages
            for name, share in stage["sources"].items()
        ]
        print(json.dumps(train(torch.cat(read_windows), held_out, job["window_tokens"] - 1)), flush=True)


main()
