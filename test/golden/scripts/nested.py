"""Writes readers/nested.{parquet,arrows,jsonl} with pyarrow: nested values of every kind and the text they must have. Run it in test/golden."""

import base64
import datetime
import decimal
import json
import math

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

D = decimal.Decimal
COMMON = [
    ("z_first", pa.int64()),
    ("10", pa.uint64()),
    ("2", pa.int8()),
    ("micro", pa.timestamp("us", "UTC")),
    ("nano", pa.timestamp("ns")),
    ("day", pa.date32()),
    ("clock", pa.time64("us")),
    ("price", pa.decimal128(38, 10)),
    ("small_price", pa.decimal128(5, 2)),
    ("single", pa.float32()),
    ("double", pa.float64()),
    ("bytes", pa.binary()),
    ("fixed", pa.binary(4)),
    ("word", pa.large_string()),
    ("flag", pa.bool_()),
    ("inner", pa.struct([("a.b", pa.decimal128(20, 3)), ("none", pa.int32())])),
    ("parts", pa.list_(pa.struct([("t", pa.timestamp("us")), ("tags", pa.list_(pa.string()))]))),
    ("counts", pa.map_(pa.string(), pa.decimal128(20, 4))),
    ("by_number", pa.map_(pa.int64(), pa.list_(pa.int64()))),
]
ARROW_ONLY = [("spell", pa.duration("us")), ("half", pa.float16()), ("pair", pa.list_(pa.int16(), 2)), ("wide", pa.decimal256(60, 5))]

ROW = {
    "z_first": 2**63 - 1,
    "10": 2**64 - 1,
    "2": -7,
    "micro": datetime.datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=datetime.timezone.utc),
    "nano": 1709251199123456789,
    "day": datetime.date(1969, 12, 31),
    "clock": datetime.time(1, 2, 3, 4),
    "price": D("1234567890123456789012345678.0123456789"),
    "small_price": D("-0.50"),
    "single": 0.1,
    "double": 0.1,
    "bytes": b"\x00\xff\x10",
    "fixed": b"abcd",
    "word": "quote \" and \u00e9\n",
    "flag": True,
    "inner": {"a.b": D("12345678901234567.890"), "none": None},
    "parts": [
        {"t": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), "tags": ["x", None, ""]},
        {"t": None, "tags": []},
        {"t": None, "tags": None},
        None,
    ],
    "counts": [("z", D("0.0001")), ("a", None)],
    "by_number": [(2**62 + 1, [1, None]), (-1, None)],
    "spell": datetime.timedelta(days=1, microseconds=5),
    "half": 1.5,
    "pair": [1, None],
    "wide": D("-1234567890123456789012345678901234567890.12345"),
}
NOT_FINITE = {**dict.fromkeys(ROW), "z_first": -(2**63), "single": math.inf, "double": math.nan, "parts": [], "counts": [], "by_number": []}


def text(value, type):
    """What a value's JSON must be, by rules of its own: nothing of the reader is used."""
    if value is None:
        return "null"
    if pa.types.is_struct(type):
        return "{%s}" % ",".join("%s:%s" % (json.dumps(f.name), text(value[f.name], f.type)) for f in type)
    if pa.types.is_map(type):
        return "{%s}" % ",".join("%s:%s" % (json.dumps(str(k)), text(v, type.item_type)) for k, v in value)
    if pa.types.is_list(type) or pa.types.is_fixed_size_list(type):
        return "[%s]" % ",".join(text(item, type.value_type) for item in value)
    if pa.types.is_boolean(type):
        return "true" if value else "false"
    if pa.types.is_floating(type):
        number = pa.scalar(value, type).as_py()
        return "null" if not math.isfinite(number) else repr(float(number))
    if pa.types.is_integer(type):
        return str(value)
    if pa.types.is_decimal(type):
        return format(value.quantize(D(1).scaleb(-type.scale), context=decimal.Context(prec=80)), "f")
    if pa.types.is_binary(type) or pa.types.is_fixed_size_binary(type):
        return '"%s"' % base64.b64encode(value).decode()
    if pa.types.is_duration(type):
        return '"PT86400.000005S"'
    if pa.types.is_timestamp(type) and type.unit == "ns":
        return '"2024-02-29T23:59:59.123456789"'
    if pa.types.is_timestamp(type):
        return '"%s%s"' % (value.replace(tzinfo=None).isoformat(timespec="microseconds"), "Z" if type.tz else "")
    if pa.types.is_time(type):
        return '"%s"' % value.isoformat(timespec="microseconds")
    if pa.types.is_date(type):
        return '"%s"' % value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def table(fields):
    type = pa.struct(fields)
    names = [name for name, _ in fields]
    rows = [{name: row[name] for name in names} if row else None for row in [ROW, None, NOT_FINITE, dict.fromkeys(ROW), ROW]]
    columns = {
        "text": pa.array([f"row {i}" for i in range(len(rows))]),
        "meta": pa.array(rows, type),
        "price": pa.array([D("1.50"), None, D("0.00"), D("-12345678901234567.89"), D("2.00")], pa.decimal128(20, 2)),
        "deep": pa.array([{"info": {"score": 2 * i, "tags": [f"t{i}"]}, "info.score": i} if i else None for i in range(len(rows))]),
    }
    return pa.table(columns), [text(row, type) if row else None for row in rows]


parquet, parquet_texts = table(COMMON)
arrow, arrow_texts = table(COMMON + ARROW_ONLY)
pq.write_table(parquet, "readers/nested.parquet", row_group_size=3, compression="zstd", store_schema=False)
with ipc.new_stream("readers/nested.arrows", arrow.schema) as writer:
    writer.write_table(arrow, max_chunksize=3)
with open("readers/nested.jsonl", "w") as file:
    for line in zip(parquet_texts, arrow_texts):
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
