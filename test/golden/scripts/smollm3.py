"""Extracts what SmolLM3's published configurations and the figures computed from them say, one row a line.

Reads ../shared/facts/recipe.json, the parsed text/pretraining/smollm3/*.yaml of huggingface/smollm at a041759883ec.
Run from the repository root: python test/golden/scripts/smollm3.py
"""

import json
from pathlib import Path

FOLDER = Path("test/golden/smollm3")
BUCKET = "s3://smollm3/datasets/"


def rows(values):
    return "[\n" + ",\n".join("    " + json.dumps(value) for value in values) + "\n  ]"


def write(name, fields):
    body = ",\n".join(f"  {json.dumps(key)}: {text}" for key, text in fields)
    (FOLDER / name).write_text("{\n" + body + "\n}\n")


def stage_file(stage):
    """One published file: its own stage, the last one it lists."""
    head = {
        "file": stage["file"],
        "name": stage["stageName"],
        "start_training_step": stage["startTrainingStep"],
        "steps": stage["steps"],
        "train_steps": stage["trainStepsInFile"],
        "sequence_length": stage["sequenceLength"],
        "sequences_per_step": stage["globalBatchSequences"],
        "tokens": stage["tokenBudget"],
        "tokenizer_name": stage["tokenizer"],
        "token_size_in_bytes": stage["tokenSizeBytes"],
        "vocab_size": stage["vocabSize"],
        "seed": stage["dataSeed"],
        "num_loading_workers": stage["numLoadingWorkers"],
        "return_positions": stage["returnPositions"],
        "pad_samples_to_global_batch_size": stage["padSamplesToGlobalBatchSize"],
        "use_old_brrr_dataloader": stage["useOldBrrrDataloader"],
        "weights_sum": stage["weightSum"],
        "category_percent": stage["categoryPct"],
    }
    sources = [
        [s["canonical"], s["name"], BUCKET + s["s3Suffix"], s["weight"], s["tokensConsumed"], s["hub"], s["category"]]
        for s in stage["sources"]
    ]
    fields = [(key, json.dumps(value)) for key, value in head.items()]
    write(f"{stage['id']}.json", [*fields, ("sources", rows(sources))])


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    facts = json.loads(Path("../shared/facts/recipe.json").read_text())["pretraining"]
    for stage in facts["stages"]:
        stage_file(stage)
    consumption = [
        [c["canonical"], c["perStage"], c["total"], c.get("availableTokens"), c.get("impliedEpochs")]
        for c in facts["consumption"]
    ]
    unreleased = sorted(
        {s["canonical"] for stage in facts["stages"] for s in stage["sources"] if s["availability"] == "unreleased"}
    )
    derivation = facts["longContextDerivation"]
    # The facts call sources by what the files call them, or shorter.
    called = {s["name"]: s["canonical"] for stage in facts["stages"] for s in stage["sources"]}
    called |= {"jpn_Jpan": "fw2-hq-jpn_Jpan", "kor_Hang": "fw2-kor_Hang", "ell_Grek": "fw2-hq-ell_Grek"}
    deltas = {called.get(name, name): delta for name, delta in derivation["lc64kDeltas"].items()}
    gone = [name for name, delta in deltas.items() if isinstance(delta, str)]
    write(
        "curriculum.json",
        [
            ("totals", json.dumps({k: v for k, v in facts["totals"].items() if k != "prov"})),
            ("unreleased", json.dumps(unreleased)),
            ("edits", json.dumps(derivation["edits"])),
            ("removed", json.dumps([called[name] for name in derivation["removed"]])),
            ("added", json.dumps(derivation["added"])),
            ("deltas_64k", json.dumps({name: delta for name, delta in deltas.items() if name not in gone})),
            ("removed_64k", json.dumps(gone)),
            ("consumption", rows(consumption)),
        ],
    )


main()
