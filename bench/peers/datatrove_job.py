"""The main job in datatrove, one process: read, Gopher quality, Gopher repetition, FineWeb quality, MinHash (all four stages), tokenize.

usage: datatrove_job.py DATA_FOLDER TOKENIZER_JSON WORK_FOLDER
Prints one JSON line: seconds of CPU per step, documents in and kept, tokens.
"""
import json
import resource
import sys
import time

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter

data, tokenizer, work = sys.argv[1:4]
config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
steps = {}


def run(name, *pipeline, tasks=1):
    start, wall = resource.getrusage(resource.RUSAGE_SELF), time.time()
    stats = LocalPipelineExecutor(pipeline=list(pipeline), tasks=tasks, workers=1, logging_dir=f"{work}/logs/{name}").run()
    end = resource.getrusage(resource.RUSAGE_SELF)
    steps[name] = {"cpu_s": round(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime, 3), "wall_s": round(time.time() - wall, 3)}
    return stats


quality = GopherQualityFilter()
run("filter", JsonlReader(data), quality, GopherRepetitionFilter(), FineWebQualityFilter(), JsonlWriter(f"{work}/kept", compression=None))
run("signatures", JsonlReader(f"{work}/kept"), MinhashDedupSignature(f"{work}/sig", config=config))
run("buckets", MinhashDedupBuckets(f"{work}/sig", f"{work}/buckets", config=config), tasks=14)
run("clusters", MinhashDedupCluster(f"{work}/buckets", f"{work}/remove", config=config))
run("deduplicate", JsonlReader(f"{work}/kept"), MinhashDedupFilter(f"{work}/remove"), JsonlWriter(f"{work}/unique", compression=None))
run(
    "tokenize",
    JsonlReader(f"{work}/unique"),
    DocumentTokenizer(f"{work}/tokens", tokenizer_name_or_path=tokenizer, eos_token="<|end_of_text|>", local_working_dir=f"{work}/scratch", seed=1),
)
kept = sum(1 for _ in JsonlReader(f"{work}/unique").run())
print(json.dumps({"steps": steps, "cpu_s": round(sum(step["cpu_s"] for step in steps.values()), 3), "kept": kept}))
