"""One reader a file format: from what is on disk, or on the hub, to a table.

A file of this package that has `read_file(path, key) -> Table` reads the extension of its own name: `parquet.py` reads
`.parquet`, and a new one is found without being listed. Other extensions stand in `READERS` of `table_file.py`. Streams
read shards row by row and have their extensions in `FORMATS` of `data/streaming/shards.py`.
"""
