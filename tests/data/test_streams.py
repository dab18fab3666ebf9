"""A stream has one order, goes on from any place, and is the same for any number of readers."""

import json
import pickle
import subprocess
import sys
import tracemalloc
from pathlib import Path

import datasets
import numpy as np
import pytest

from maskwright.data.streaming import rows as rows_module
from maskwright.data.streams import Position, Stream, expand
from maskwright.errors import ConfigError, DataError
from tests.data.corpora import ROWS, text_of

KINDS = ["jsonl", "jsonl.gz", "csv", "csv.gz", "tsv", "txt", "txt.bz2", "parquet"]


@pytest.fixture
def stream(corpus):
    def make(kind="jsonl", **options):
        return Stream(corpus(kind), **{"buffer": 8, "seed": 3, **options})

    return make


def again(position):
    return Position.from_dict(json.loads(json.dumps(position.to_dict())))


class TestOrder:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_row_once_by_its_number(self, stream, kind):
        rows = dict(stream(kind).read(epoch=0))
        assert sorted(rows) == list(range(ROWS))
        for number, row in rows.items():
            replaced = {"txt": "\n", "tsv": "\t"}.get(kind.partition(".")[0], "")
            assert row["text"] == (text_of(number).replace(replaced, " ") if replaced else text_of(number))

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_order_is_that_of_the_numbers_and_not_of_the_format(self, stream, kind):
        order = [number for number, _ in stream(kind).read(epoch=2)]
        assert order[:8] == [7, 1, 0, 5, 3, 6, 4, 2]
        assert order == [number for number, _ in stream("jsonl").read(epoch=2)]

    def test_rows_stay_in_their_windows_and_move_in_them(self, stream):
        order = [number for number, _ in stream().read(epoch=0)]
        for start in range(0, ROWS, 8):
            window = order[start : start + 8]
            assert sorted(window) == list(range(start, min(start + 8, ROWS)))
        assert order != sorted(order)

    def test_seeds_and_epochs_differ(self, stream):
        orders = {
            tuple(number for number, _ in stream(seed=seed).read(epoch=epoch)) for seed in (0, 1) for epoch in (0, 1)
        }
        assert len(orders) == 4

    def test_how_rows_are_cut_into_shards_makes_no_difference(self, corpus):
        one = list(Stream(corpus(sizes=(5, 5)), buffer=8).read(epoch=0))
        assert list(Stream(corpus(sizes=(30,)), buffer=8).read(epoch=0)) == one

    def test_long_streams_are_shuffled_evenly(self, corpus):
        shards = corpus("txt", number=4000, sizes=())
        places = np.argsort([number for number, _ in Stream(shards, buffer=4000).read(epoch=0)])
        halves = np.histogram(places[:2000], bins=8, range=(0, 4000))[0]
        assert (np.abs(halves - 250) < 60).all()


class TestResume:
    @pytest.mark.parametrize("kind", KINDS)
    def test_from_every_place_the_same_follows(self, stream, kind):
        whole = stream(kind)
        rows = list(whole.read(epoch=1))
        reading = whole.read(epoch=1)
        for number in range(ROWS):
            assert list(whole.read(epoch=1, position=again(reading.position))) == rows[number:], number
            assert next(reading) == rows[number]
        assert list(whole.read(epoch=1, position=again(reading.position))) == []

    @pytest.mark.parametrize("kind", ["jsonl", "csv", "txt"])
    def test_what_came_before_is_not_read_again(self, corpus, kind):
        shards = corpus(kind)
        stream = Stream(shards, buffer=8)
        rows = list(stream.read(epoch=0))
        reading = stream.read(epoch=0)
        for _ in range(18):
            next(reading)
        position = reading.position
        assert position.window == 2
        Path(shards[0]).unlink()
        place = position.state["place"]
        content = Path(shards[2]).read_bytes()
        header = content.index(b"\n") + 1 if kind == "csv" else 0
        blanked = content[:header] + b"#" * (place["offset"] - header) + content[place["offset"] :]
        Path(shards[2]).write_bytes(blanked)
        assert list(stream.read(epoch=0, position=position)) == rows[18:]

    def test_files_may_move(self, corpus, tmp_path):
        shards = corpus()
        reading = Stream(shards, buffer=8).read(epoch=0)
        rows = list(reading)[20:]
        reading = Stream(shards, buffer=8).read(epoch=0)
        for _ in range(20):
            next(reading)
        (tmp_path / "moved").mkdir()
        moved = [Path(path).rename(tmp_path / "moved" / Path(path).name) for path in shards]
        assert list(Stream(tuple(map(str, moved)), buffer=8).read(epoch=0, position=reading.position)) == rows

    @pytest.mark.parametrize("change", [{"buffer": 9}, {"seed": 4}])
    def test_a_place_in_another_stream_is_refused(self, stream, change):
        reading = stream().read(epoch=0)
        next(reading)
        with pytest.raises(ConfigError, match="the position is of another stream"):
            stream(**change).read(epoch=0, position=reading.position)

    def test_lines_that_end_with_a_carriage_return(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_bytes(b"text,label\r" + b"".join(b"row %d,a\r" % i for i in range(20)))
        stream = Stream((str(path),), buffer=4)
        rows = list(stream.read(epoch=0))
        assert len(rows) == 20
        reading = stream.read(epoch=0)
        for number in range(20):
            assert list(stream.read(epoch=0, position=reading.position)) == rows[number:]
            next(reading)


class TestShares:
    def batches(self, stream, position=None, **share):
        ranks, workers = share.get("ranks", 1), share.get("workers", 1)
        parts = [
            list(stream.share(batch=3, step=4, **share, rank=rank, worker=worker).read(epoch=1, position=position))
            for rank in range(ranks)
            for worker in range(workers)
        ]
        return {(one.step, one.number): (one.ids.tolist(), one.rows) for part in parts for one in part}, parts

    @pytest.mark.parametrize("share", [{"ranks": 2}, {"ranks": 4}, {"workers": 3}, {"ranks": 2, "workers": 2}])
    @pytest.mark.parametrize("kind", ["jsonl", "csv.gz", "parquet"])
    def test_a_micro_batch_holds_the_same_rows_for_any_number_of_readers(self, stream, kind, share):
        alone, _ = self.batches(stream(kind))
        together, parts = self.batches(stream(kind), **share)
        assert together == alone
        assert set(alone) == {(step, number) for step in range(4) for number in range(4)}
        assert all(len(ids) == 3 for ids, _ in alone.values())
        if share.get("workers", 1) == 1:
            assert len({len(part) for part in parts}) == 1

    def test_rows_come_in_the_global_order(self, stream):
        rows = list(stream().read(epoch=1))
        alone, _ = self.batches(stream())
        assert [number for ids, _ in alone.values() for number in ids] == [number for number, _ in rows[:48]]

    def test_a_loader_gets_the_batches_of_a_rank_in_turn_from_its_workers(self, stream):
        _, parts = self.batches(stream(), ranks=2, workers=2)
        first = [(one.step, one.number) for one in parts[0]]
        second = [(one.step, one.number) for one in parts[1]]
        turns = [batch for pair in zip(first, second, strict=True) for batch in pair]
        assert turns == [(step, number) for step in range(4) for number in (0, 2)]

    def test_going_on_behind_a_step(self, stream):
        alone, parts = self.batches(stream())
        after = parts[0][7].after
        assert parts[0][7].step == 1
        later, _ = self.batches(stream(), position=again(after), ranks=2)
        assert later == {key: value for key, value in alone.items() if key[0] >= 2}

    def test_only_its_own_rows_are_parsed(self, stream, monkeypatch):
        parsed = []
        decode = rows_module.decode
        monkeypatch.setattr(rows_module, "decode", lambda raw: parsed.append(raw) or decode(raw))
        list(stream().share(batch=2, step=4, rank=1, ranks=4).read(epoch=0))
        assert len(parsed) == 12

    @pytest.mark.parametrize(
        ("share", "message"),
        [
            ({"batch": 2, "step": 3, "ranks": 2}, "step has to be a multiple of ranks"),
            ({"batch": 0}, "both at least 1"),
            ({"batch": 2, "step": 2, "rank": 2, "ranks": 2}, "count from 0"),
            ({"batch": 2, "worker": -1}, "count from 0"),
        ],
    )
    def test_shares_that_cannot_be(self, stream, share, message):
        with pytest.raises(ConfigError, match=message):
            stream().share(**share)

    def test_a_place_within_a_step(self, stream):
        after = next(stream().share(batch=3, step=2).read(epoch=0)).after
        with pytest.raises(ConfigError, match="6 rows into a step of 8"):
            next(stream().share(batch=4, step=2).read(epoch=0, position=after))


class TestDamage:
    def test_a_row_is_named(self, corpus):
        shards = corpus()
        lines = Path(shards[2]).read_text().split("\n")
        lines[4] = lines[4][:-3]
        Path(shards[2]).write_text("\n".join(lines))
        stream = Stream(shards, buffer=8)
        with pytest.raises(DataError, match=r"part-2.jsonl, row 3 \(line 5\): this is not JSON"):
            list(stream.read(epoch=0))
        careful = Stream(shards, buffer=8, skip_damaged=True)
        reading = careful.read(epoch=0)
        rows = dict(reading)
        assert sorted(rows) == [number for number in range(ROWS) if number != 14]
        assert reading.damaged == 1

    def test_a_hole_moves_no_other_row(self, corpus):
        shards = corpus()
        expected = list(Stream(shards, buffer=8, skip_damaged=True).share(batch=3, step=2).read(epoch=0))
        lines = Path(shards[2]).read_text().split("\n")
        lines[4] = "no JSON"
        Path(shards[2]).write_text("\n".join(lines))
        batches = list(Stream(shards, buffer=8, skip_damaged=True).share(batch=3, step=2).read(epoch=0))
        for batch, whole in zip(batches, expected, strict=True):
            assert batch.ids.tolist() == [number for number in whole.ids.tolist() if number != 14]

    @pytest.mark.parametrize("kind", ["jsonl.gz", "parquet", "csv.gz"])
    def test_a_shard_that_was_cut_off(self, corpus, kind):
        shards = corpus(kind)
        content = Path(shards[2]).read_bytes()
        Path(shards[2]).write_bytes(content[: len(content) * 2 // 3])
        with pytest.raises(DataError, match=r"part-2.*: the shard cannot be read on: .*data.skip_damaged: true"):
            list(Stream(shards, buffer=8).read(epoch=0))
        reading = Stream(shards, buffer=8, skip_damaged=True).read(epoch=0)
        numbers = sorted(number for number, _ in reading)
        assert 12 + 21 <= len(numbers) < ROWS
        assert reading.damaged >= 1

    def test_a_shard_that_is_gone(self, corpus):
        shards = corpus()
        Path(shards[1]).unlink()
        with pytest.raises(DataError, match=r"part-1.jsonl: the shard does not exist"):
            list(Stream(shards, buffer=8).read(epoch=0))
        reading = Stream(shards, buffer=8, skip_damaged=True).read(epoch=0)
        assert (len(list(reading)), reading.damaged) == (ROWS - 1, 1)

    def test_rows_of_another_width_and_bytes_that_are_no_text(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_bytes(b"text,label\nfine,a\none,two,three\ncaf\xe9,b\nfine too,b\n")
        with pytest.raises(DataError, match=r"row 2 \(line 3\): the row has 3 values, the header 2 names"):
            list(Stream((str(path),), buffer=1).read(epoch=0))
        reading = Stream((str(path),), skip_damaged=True).read(epoch=0)
        assert sorted(row["text"] for _, row in reading) == ["fine", "fine too"]
        assert reading.damaged == 2
        text = tmp_path / "a.txt"
        text.write_bytes(b"fine\ncaf\xe9\n")
        with pytest.raises(DataError, match=r"row 2 \(line 2\): byte 0xe9 is not UTF-8"):
            list(Stream((str(text),)).read(epoch=0))


class TestMemory:
    def peak(self, stream):
        tracemalloc.start()
        for _ in stream.read(epoch=0):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    def test_twenty_times_the_rows_need_no_more(self, corpus):
        few = Stream(corpus(number=500, sizes=(100, 100)), buffer=200)
        self.peak(few)
        small = self.peak(few)
        assert self.peak(Stream(corpus(number=10_000, sizes=(2000, 4000)), buffer=200)) < 1.5 * small


class TestExpand:
    def test_patterns_lists_and_addresses(self, corpus, tmp_path):
        shards = corpus()
        assert expand(str(tmp_path / "part-*.jsonl")) == shards
        assert expand([shards[2], str(tmp_path / "part-0*")]) == (shards[2], shards[0])
        assert expand(f"file://{tmp_path}/part-*.jsonl") == tuple(f"file://{shard}" for shard in shards)
        assert expand("memory://corpus/a.jsonl.gz") == ("memory://corpus/a.jsonl.gz",)

    def test_addresses_are_read(self):
        import fsspec

        with fsspec.open("memory://corpus/a.jsonl.gz", "wb", compression="gzip") as file:
            file.write(b'{"text": "one"}\n{"text": "two"}\n{"text": "three"}\n')
        stream = Stream(expand("memory://corpus/*.gz"), buffer=2)
        rows = list(stream.read(epoch=0))
        assert sorted(row["text"] for _, row in rows) == ["one", "three", "two"]
        reading = stream.read(epoch=0)
        for _ in range(2):
            next(reading)
        assert list(stream.read(epoch=0, position=reading.position)) == rows[2:]

    @pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "txt.bz2"])
    def test_addresses_give_the_same_rows_as_paths(self, corpus, kind):
        shards = corpus(kind)
        rows = list(Stream(shards, buffer=8).read(epoch=0))
        addresses = tuple(f"file://{shard}" for shard in shards)
        assert list(Stream(addresses, buffer=8).read(epoch=0)) == rows
        reading = Stream(addresses, buffer=8).read(epoch=0)
        for _ in range(20):
            next(reading)
        assert list(Stream(addresses, buffer=8).read(epoch=0, position=reading.position)) == rows[20:]

    @pytest.mark.parametrize(
        ("sources", "fragment"),
        [
            ("{}/none-*.jsonl", "no file has a name like this (data.train)"),
            ("{}/part-9.jsonl", "Did you mean"),
            (["{}/part-0.jsonl", "{}"], "data.train is a folder, not a file"),
            ("memory://nowhere/*.jsonl", "no file has a name like this"),
            ("memory://nowhere/a.zip", "the extension does not say what the shard holds"),
        ],
    )
    def test_what_cannot_be_found(self, corpus, refused, tmp_path, sources, fragment):
        corpus()
        places = [place.format(tmp_path) for place in ([sources] if isinstance(sources, str) else sources)]
        assert fragment in refused(expand, places)


class TestHub:
    @pytest.fixture
    def folder(self, tmp_path):
        for part in range(3):
            table = datasets.Dataset.from_dict(
                {"text": [f"text {part * 10 + i}" for i in range(10)], "label": [i % 2 for i in range(10)]},
                features=datasets.Features(
                    {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
                ),
            )
            table.to_parquet(str(tmp_path / f"train-0000{part}-of-00003.parquet"), batch_size=4)
        return str(tmp_path)

    def test_the_same_order_as_files_and_names_of_classes(self, folder):
        stream = Stream(("train",), dataset=folder, buffer=7, seed=3)
        rows = list(stream.read(epoch=0))
        assert sorted(rows) == [(i, {"text": f"text {i}", "label": ("bad", "good")[i % 2]}) for i in range(30)]
        files = Stream(expand(f"{folder}/*.parquet"), buffer=7, seed=3)
        assert [number for number, _ in files.read(epoch=0)] == [number for number, _ in rows]

    def test_from_every_place_the_same_follows(self, folder):
        stream = Stream(("train",), dataset=folder, buffer=7)
        rows = list(stream.read(epoch=0))
        reading = stream.read(epoch=0)
        for number in range(30):
            assert list(stream.read(epoch=0, position=again(reading.position))) == rows[number:], number
            next(reading)

    def test_shares(self, folder):
        stream = Stream(("train",), dataset=folder, buffer=7)
        one = [batch.ids.tolist() for batch in stream.share(batch=2, step=2).read(epoch=0)]
        two = [
            [batch.ids.tolist() for batch in stream.share(batch=2, step=2, rank=rank, ranks=2).read(epoch=0)]
            for rank in (0, 1)
        ]
        assert one == [ids for pair in zip(*two, strict=True) for ids in pair]

    def test_a_split_that_is_not_there(self, folder):
        with pytest.raises(DataError, match="cannot be opened as a stream"):
            Stream(("tarin",), dataset=folder).read(epoch=0)


def test_a_stream_is_a_value(stream):
    assert pickle.loads(pickle.dumps(stream())) == stream()
    assert stream(seed=4) != stream()


def test_torch_is_not_loaded(corpus):
    read = f"from maskwright.data.streams import *; list(Stream({corpus()!r}).read(0))"
    code = f"import sys; {read}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
