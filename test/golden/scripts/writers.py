"""Writes the small tables under test/golden/writers with pyarrow: what its writers make beyond plain tables, and the originals of the mutants.

Run it in its folder's parent: test/golden. `mutants.py` says how pyarrow takes their mutants.
"""

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

SCHEMA = pa.schema([("text", pa.string()), ("n", pa.int64())])


def rows(*texts):
    return pa.table({"text": pa.array(texts, pa.string()), "n": pa.array(range(len(texts)), pa.int64())})


# A file of no rows, with a row group of none and with no row group; a row group of none between others.
pq.write_table(rows(), "writers/empty.parquet")
with pq.ParquetWriter("writers/no_groups.parquet", SCHEMA):
    pass
with pq.ParquetWriter("writers/empty_group.parquet", SCHEMA) as writer:
    for texts in [("first",), (), ("second",)]:
        writer.write_table(rows(*texts))

nulls = pa.table({"text": pa.nulls(3), "n": pa.array([1, 2, 3])})
pq.write_table(nulls, "writers/nulls.parquet")
with ipc.new_file("writers/nulls.arrow", nulls.schema) as writer:
    writer.write_table(nulls)

# Feather's default is LZ4. Long enough for several blocks of 64 KiB that refer to each other.
words = [f"row {i} " + " ".join(str((i * 7919 + j * 104729) % 1000) for j in range(90)) for i in range(600)]
feather.write_feather(rows(*words), "writers/lz4.feather")
views = pa.table(
    {
        "text": pa.array([f"text {i} " + "long enough to lie in a buffer" * (i % 3) for i in range(40)], pa.string_view()),
        "bytes": pa.array([None if i % 7 == 0 else f"bytes {i} of a view".encode() for i in range(40)], pa.binary_view()),
        "large": pa.array([f"large {i}" for i in range(40)], pa.large_string()),
        "blob": pa.array([f"blob {i}".encode() for i in range(40)], pa.large_binary()),
        "tags": pa.array([[f"t{j}" for j in range(i % 3)] for i in range(40)], pa.large_list(pa.string())),
    }
)
for codec in ["lz4", "zstd"]:
    options = ipc.IpcWriteOptions(compression=codec)
    with ipc.new_stream(f"writers/views_{codec}.arrows", views.schema, options=options) as writer:
        writer.write_table(views, max_chunksize=16)
    with ipc.new_file(f"writers/views_{codec}.arrow", views.schema, options=options) as writer:
        writer.write_table(views, max_chunksize=16)

# Dictionaries that grow from batch to batch; a stream may also replace them.
names = [["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d", None]]
batches = [
    pa.record_batch({"text": pa.DictionaryArray.from_arrays(pa.array(range(len(group)), pa.int32()), pa.array(group))})
    for group in names
]
for codec in [None, "lz4", "zstd"]:
    options = ipc.IpcWriteOptions(compression=codec, emit_dictionary_deltas=True, unify_dictionaries=False)
    suffix = codec or "plain"
    with ipc.new_stream(f"writers/deltas_{suffix}.arrows", batches[0].schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
with ipc.new_file("writers/deltas.arrow", batches[0].schema, options=ipc.IpcWriteOptions(emit_dictionary_deltas=True)) as writer:
    for batch in batches:
        writer.write_batch(batch)
other = pa.record_batch({"text": pa.array(["x", "y", "x"]).dictionary_encode()})
with ipc.new_stream("writers/replaced.arrows", batches[0].schema) as writer:
    writer.write_batch(batches[0])
    writer.write_batch(other)

# Originals of the mutants.
N = 40
originals = pa.table(
    {
        "text": pa.array([None if i == 7 else f"Row {i}: the quick é brown 😀 fox number {i * i} jumps." for i in range(N)]),
        "id": pa.array(range(1000, 1000 + N), pa.int64()),
        "language": pa.array([["en", "de", None][i % 3] for i in range(N)]),
        "score": pa.array([None if i % 4 == 0 else i / 8 for i in range(N)], pa.float64()),
        "tags": pa.array([None if i % 9 == 0 else [f"t{j}" for j in range(i % 4)] for i in range(N)]),
    }
)
for codec in ["none", "snappy", "gzip", "zstd"]:
    # Without Arrow's schema among the metadata, which pyarrow reads and nobody else.
    pq.write_table(originals, f"writers/mutant_{codec}.parquet", compression=codec, row_group_size=25, store_schema=False)
for codec in [None, "lz4", "zstd"]:
    options = ipc.IpcWriteOptions(compression=codec)
    with ipc.new_file(f"writers/mutant_{codec or 'plain'}.arrow", originals.schema, options=options) as writer:
        writer.write_table(originals, max_chunksize=25)
