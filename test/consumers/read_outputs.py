"""Checks the files of outputs.mjs with one reader: read_outputs.py READER FOLDER.

Prints what it looked at; fails with an assertion.
"""

import gzip
import json
import re
import sys

reader, folder = sys.argv[1:]
with open(f"{folder}/expected.json") as file:
    expected = json.load(file)
CODECS = ["zstd", "gzip", "none"]


def same(found, wanted, where):
    assert len(found) == len(wanted), f"{where}: {len(found)} rows, not {len(wanted)}"
    for i, (a, b) in enumerate(zip(found, wanted)):
        assert a == b, f"{where}, row {i}: {a} != {b}"


def bounds(name, first, last):
    values = [row[name] for row in expected[first:last]]
    present = [value for value in values if value is not None]
    key = (lambda text: text.encode()) if any(isinstance(value, str) for value in present) else None
    return min(present, key=key), max(present, key=key), len(values) - len(present)


def check_pyarrow():
    import pyarrow as pa
    import pyarrow.json
    import pyarrow.parquet as pq

    text = pa.string()
    message = pa.struct([("content", text), ("role", text)])
    kwargs = pa.struct(
        [
            ("custom_instructions", text),
            ("enable_thinking", pa.bool_()),
            ("python_tools", pa.list_(pa.field("element", text))),
            ("xml_tools", pa.list_(pa.field("element", text))),
        ]
    )
    schema = pa.schema(
        [
            ("id", text),
            ("text", text),
            ("language", text),
            ("score", pa.float64()),
            ("ratio", pa.float32()),
            ("tokens", pa.int32()),
            ("size_bytes", pa.int64()),
            ("kept", pa.bool_()),
            ("messages", pa.list_(pa.field("element", message))),
            ("chat_template_kwargs", kwargs),
            ("grid", pa.list_(pa.field("element", pa.list_(pa.field("element", pa.int64()))))),
        ]
    )
    for codec in CODECS:
        path = f"{folder}/{codec}.parquet"
        table = pq.read_table(path, page_checksum_verification=True)
        assert table.schema.equals(schema), f"{table.schema}"
        assert table.schema.metadata[b"made_by"] == b"outputs.mjs"
        table.validate(full=True)
        same(table.to_pylist(), expected, path)
        metadata = pq.ParquetFile(path).metadata
        assert metadata.num_row_groups > 3 and metadata.created_by == "shardmill"
        first = 0
        for group in (metadata.row_group(i) for i in range(metadata.num_row_groups)):
            for column in (group.column(i) for i in range(group.num_columns)):
                assert column.has_column_index and column.has_offset_index, column
                assert column.compression == {"zstd": "ZSTD", "gzip": "GZIP", "none": "UNCOMPRESSED"}[codec]
                name = column.path_in_schema
                if name not in ("id", "language", "score", "ratio", "tokens", "size_bytes", "kept"):
                    continue
                low, high, nulls = bounds(name, first, first + group.num_rows)
                statistics = column.statistics
                assert (statistics.min, statistics.max, statistics.null_count) == (low, high, nulls), name
            first += group.num_rows
    assert pq.read_table(f"{folder}/empty.parquet").schema.equals(schema)
    table = pa.json.read_json(f"{folder}/rows.jsonl")
    same(table.to_pylist(), expected, "rows.jsonl")
    groups = metadata.num_row_groups
    return f"{len(expected)} rows in {groups} row groups, three codecs, checksums, statistics; JSON lines"


def check_duckdb():
    import duckdb

    for codec in CODECS:
        path = f"{folder}/{codec}.parquet"
        names = list(expected[0])
        found = [dict(zip(names, row)) for row in duckdb.sql(f"SELECT * FROM '{path}'").fetchall()]
        same(found, expected, path)
    path = f"{folder}/zstd.parquet"
    query = f"""
        SELECT row_group_id, row_group_num_rows, stats_min_value, stats_max_value, stats_null_count
        FROM parquet_metadata('{path}') WHERE path_in_schema = 'language' ORDER BY row_group_id
    """
    first = 0
    for _, rows, low, high, nulls in duckdb.sql(query).fetchall():
        assert (low, high, nulls) == bounds("language", first, first + rows)
        first += rows
    assert first == len(expected)
    # The bounds of row groups decide which are read.
    for name, value in [("id", "sample/004711"), ("size_bytes", expected[4711]["size_bytes"])]:
        wanted = [row["id"] for row in expected if row[name] == value]
        found = duckdb.execute(f"SELECT id FROM '{path}' WHERE {name} = ?", [value]).fetchall()
        assert [row[0] for row in found] == wanted
    query = f"SELECT count(*) FROM (SELECT unnest(messages) AS m FROM '{path}') WHERE m.role = 'user'"
    ((messages,),) = duckdb.sql(query).fetchall()
    assert messages == sum(m["role"] == "user" for row in expected for m in row["messages"] or [])
    for name in ["rows.jsonl", "rows.jsonl.gz", "rows.jsonl.zst"]:
        query = f"SELECT id, text, score, size_bytes, messages FROM read_json('{folder}/{name}')"
        wanted = [tuple(row[key] for key in ("id", "text", "score", "size_bytes", "messages")) for row in expected]
        same(duckdb.sql(query).fetchall(), wanted, name)
    with gzip.open(f"{folder}/rows.jsonl.gz") as file:
        same([json.loads(line) for line in file], expected, "rows.jsonl.gz")
    return f"{len(expected)} rows, three codecs, bounds and look-ups by them; JSON lines plain, gzip and zstd"


def check_polars():
    import polars

    for codec in CODECS:
        path = f"{folder}/{codec}.parquet"
        same(polars.read_parquet(path).to_dicts(), expected, path)
    wanted = [row["id"] for row in expected if row["tokens"] is not None and row["tokens"] < 100_000_000]
    found = polars.scan_parquet(f"{folder}/zstd.parquet").filter(polars.col("tokens") < 100_000_000).collect()
    assert found["id"].to_list() == wanted
    return f"{len(expected)} rows, three codecs, a filter pushed down"


def check_datafusion():
    import datafusion

    context = datafusion.SessionContext(datafusion.SessionConfig({"datafusion.execution.target_partitions": "1"}))
    context.register_parquet("rows", f"{folder}/zstd.parquet")
    pruned = 0
    for name, value in [("id", "sample/004711"), ("id", "sample/000000"), ("size_bytes", expected[5000]["size_bytes"])]:
        literal = f"'{value}'" if isinstance(value, str) else str(value)
        where = f"FROM rows WHERE {name} = {literal}"
        found = [row["id"] for row in context.sql(f"SELECT id {where}").to_pylist()]
        assert found == [row["id"] for row in expected if row[name] == value], name
        plan = str(context.sql(f"EXPLAIN ANALYZE SELECT id {where}").to_pylist())
        total, matched = re.search(r"page_index_pages_pruned=(\d+) total \S+ (\d+) matched", plan).groups()
        pruned += int(total) - int(matched)
    assert pruned > 0, "the page index spared no page"
    return f"look-ups, of which the page index spared {pruned} pages"


checks = {"pyarrow": check_pyarrow, "duckdb": check_duckdb, "polars": check_polars, "datafusion": check_datafusion}
print(checks[reader]())
