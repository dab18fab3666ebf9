"""Corpora in shards."""

import bz2
import csv
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 53
PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress}


def text_of(number):
    return f'row {number}, "quoted"\tand\nbroken é {"x" * (number % 7)}'


def as_csv(rows, delimiter=","):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([["text", "label"], *rows])
    return file.getvalue().encode()


def as_parquet(rows):
    sink = io.BytesIO()
    table = pa.table({"text": [text for text, _ in rows], "label": [label for _, label in rows]})
    pq.write_table(table, sink, row_group_size=5)
    return sink.getvalue()


def as_jsonl(rows):
    return "".join(json.dumps({"text": text, "label": label}) + "\n\n" for text, label in rows).encode()


def as_text(rows):
    return "".join(text.replace("\n", " ") + "\n" for text, _ in rows).encode()


WRITERS = {
    "csv": as_csv,
    "tsv": lambda rows: as_csv([(text.replace("\t", " "), label) for text, label in rows], "\t"),
    "jsonl": as_jsonl,
    "parquet": as_parquet,
    "txt": as_text,
}


def write_corpus(folder, kind="jsonl", number=ROWS, sizes=(11, 1, 20)):
    """Write `number` rows in shards of different sizes; give their paths."""
    name, _, packed = kind.partition(".")
    rows = [(text_of(i), "ab"[i % 2]) for i in range(number)]
    paths, start = [], 0
    for shard, size in enumerate([*sizes, number]):
        part = rows[start : start + size]
        start += size
        content = WRITERS[name](part)
        path = folder / f"part-{shard}.{kind}"
        path.write_bytes(PACKERS[f".{packed}"](content) if packed else content)
        paths.append(str(path))
    return tuple(paths)
