"""Writes the small tables under test/golden/readers with pyarrow, an independent writer. Run it in its folder's parent: test/golden."""

import datetime
import decimal

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

N = 60
TEXTS = [None if i % 50 == 7 else f"row {i} é中😀 " + "lorem ipsum " * (i % 20) for i in range(N)]
UTC = datetime.timezone.utc
table = pa.table(
    {
        "id": pa.array(range(10**15, 10**15 + N), pa.int64()),
        "text": pa.array(TEXTS, pa.large_string()),
        "language": pa.array([["en", "de", None][i % 3] for i in range(N)]).dictionary_encode(),
        "score": pa.array([None if i % 4 == 0 else i / 8 for i in range(N)], pa.float64()),
        "half": pa.array([i / 2 for i in range(N)], pa.float32()),
        "small": pa.array([i - 100 for i in range(N)], pa.int16()),
        "unsigned": pa.array([2**32 - 1 - i for i in range(N)], pa.uint32()),
        "huge": pa.array([2**64 - 1 - i for i in range(N)], pa.uint64()),
        "flag": pa.array([None if i % 5 == 0 else i % 2 == 0 for i in range(N)]),
        "day": pa.array([datetime.date(1969, 12, 30) + datetime.timedelta(days=i) for i in range(N)]),
        "seen": pa.array([datetime.datetime(2024, 2, 29, 23, 59, 59, i, tzinfo=UTC) for i in range(N)], pa.timestamp("us", "UTC")),
        "local": pa.array([datetime.datetime(1969, 12, 31, 23, 59, 59, 999000) for _ in range(N)], pa.timestamp("ms")),
        "price": pa.array([decimal.Decimal(i) / 4 for i in range(N)], pa.decimal128(10, 2)),
        "meta": pa.array([None if i % 6 == 0 else {"url": f"u{i}" if i % 2 else None, "n": 2**60 + i} for i in range(N)]),
        "langs": pa.array([None if i % 9 == 0 else [f"l{j}" for j in range(i % 4)] for i in range(N)]),
    }
)
for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    pq.write_table(
        table,
        f"readers/{codec}.parquet",
        compression=codec,
        row_group_size=32,
        data_page_size=512,
        write_batch_size=4,
        dictionary_pagesize_limit=512,
        data_page_version="2.0" if codec in ("gzip", "zstd") else "1.0",
        write_page_checksum=codec in ("none", "snappy", "zstd"),
    )

views = pa.table(
    {
        "id": pa.array([f"id {i}" for i in range(N)], pa.string_view()),
        "text": pa.array(TEXTS, pa.string_view()),
        "language": table["language"],
        "score": table["score"],
        "seen": table["seen"],
        "meta": table["meta"],
    }
)
with ipc.new_file("readers/large.arrow", table.schema) as writer:
    writer.write_table(table, max_chunksize=32)
with ipc.new_stream("readers/views.arrows", views.schema) as writer:
    writer.write_table(views, max_chunksize=25)
with ipc.new_stream("readers/zstd.arrows", views.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
    writer.write_table(views, max_chunksize=25)
