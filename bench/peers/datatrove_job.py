"""The main job in datatrove, one process: read, Gopher quality, Gopher repetition, FineWeb quality, MinHash (all four stages), tokenize.
With the chain `rows` exact dedup before MinHash (all three stages), and Parquet with zstd instead of tokens.

usage: datatrove_job.py tokens|rows DATA_FOLDER TOKENIZER_JSON WORK_FOLDER
Prints one JSON line: seconds of CPU per step, documents in and kept, tokens.
"""
import json
import resource
import sys
import time

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.exact_dedup import ExactDedupConfig, ExactDedupFilter, ExactDedupSignature, ExactFindDedups
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.readers import JsonlReader, ParquetReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter

chain, data, tokenizer, work = sys.argv[1:5]
config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
steps = {}


def run(name, *pipeline, tasks=1):
    start, wall = resource.getrusage(resource.RUSAGE_SELF), time.time()
    stats = LocalPipelineExecutor(pipeline=list(pipeline), tasks=tasks, workers=1, logging_dir=f"{work}/logs/{name}").run()
    end = resource.getrusage(resource.RUSAGE_SELF)
    steps[name] = {"cpu_s": round(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime, 3), "wall_s": round(time.time() - wall, 3)}
    return stats


def text_of(document):
    return document.text


quality = GopherQualityFilter()
run("filter", JsonlReader(data), quality, GopherRepetitionFilter(), FineWebQualityFilter(), JsonlWriter(f"{work}/kept", compression=None))
kept = f"{work}/kept"
if chain == "rows":
    exact = ExactDedupConfig(content_getter=text_of)
    run("exact signatures", JsonlReader(kept), ExactDedupSignature(f"{work}/exact", config=exact))
    run("exact duplicates", ExactFindDedups(f"{work}/exact", f"{work}/duplicates", config=exact))
    run("exact", JsonlReader(kept), ExactDedupFilter(f"{work}/duplicates", config=exact), JsonlWriter(f"{work}/distinct", compression=None))
    kept = f"{work}/distinct"
run("signatures", JsonlReader(kept), MinhashDedupSignature(f"{work}/sig", config=config))
run("buckets", MinhashDedupBuckets(f"{work}/sig", f"{work}/buckets", config=config), tasks=14)
run("clusters", MinhashDedupCluster(f"{work}/buckets", f"{work}/remove", config=config))
writer = ParquetWriter(f"{work}/unique", compression="zstd") if chain == "rows" else JsonlWriter(f"{work}/unique", compression=None)
run("deduplicate", JsonlReader(kept), MinhashDedupFilter(f"{work}/remove"), writer)
if chain == "tokens":
    run(
        "tokenize",
        JsonlReader(f"{work}/unique"),
        DocumentTokenizer(f"{work}/tokens", tokenizer_name_or_path=tokenizer, eos_token="<|end_of_text|>", local_working_dir=f"{work}/scratch", seed=1),
    )
reader = ParquetReader(f"{work}/unique") if chain == "rows" else JsonlReader(f"{work}/unique")
print(json.dumps({"steps": steps, "cpu_s": round(sum(step["cpu_s"] for step in steps.values()), 3), "kept": sum(1 for _ in reader.run())}))
