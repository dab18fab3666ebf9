"""Previews of every kind of file: what is shown is what the masking hides."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from PIL import Image
from typer.testing import CliRunner

from maskwright import DataError, Masking, MaskingError
from maskwright.cli import application, main
from maskwright.presets import presets
from maskwright.preview.files import read_sample
from maskwright.preview.image import to_cells, to_pixels
from maskwright.preview.notes import marks_for, notes_on, notes_on_text
from maskwright.preview.panels import GAP, mask_letters, panels, save
from maskwright.preview.sample import show
from maskwright.preview.text import text_examples

IID = Masking("iid", 0.25, "zero")
PATTERN = """from dataclasses import dataclass
import numpy as np
@dataclass(frozen=True)
class EveryThird:
    sets_own_count = True
    draws = False
    def __call__(self, grid, count, *, valid, rng):
        return valid & (np.arange(grid.size) % 3 == 0)
"""
TEXT = "Parts of the input are hidden while the model learns."


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (60, 90, 3), dtype=np.uint8)).save(folder / "photo.png")
    Image.fromarray(rng.integers(0, 255, (40, 40), dtype=np.uint8)).save(folder / "grey.jpg")
    Image.new("RGBA", (1, 1), (0, 0, 0, 0)).save(folder / "clear.png")
    tone = np.sin(np.arange(8000) / 5.0)
    soundfile.write(folder / "tone.wav", tone, 16_000)
    soundfile.write(folder / "stereo.flac", np.stack([tone, -tone], axis=1), 8_000)
    soundfile.write(folder / "short.wav", tone[:10], 16_000)
    lines = ["a,name,b,c", *(f"{n}.5,x{n},{n * n},{-n}" for n in range(9))]
    (folder / "table.csv").write_text("\n".join(lines))
    (folder / "gap.tsv").write_text("a\tb\n1\t\n2\t3\n")
    (folder / "uneven.csv").write_text("a,b\n1,2\n3\n")
    (folder / "words.csv").write_text("a,b\nx,y\n")
    (folder / "header.csv").write_text("a,b\n")
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "broken.wav").write_bytes(b"no sound")
    (folder / "thing.xyz").write_text("?")
    return folder


@pytest.mark.parametrize("name", ["photo.png", "grey.jpg", "clear.png"])
@pytest.mark.parametrize("wanted", [{"row": 14, "col": 14}, {"row": 32, "col": 32}, {"frame": 3, "row": 7, "col": 7}])
def test_images_become_cells(files, name, wanted):
    sample = read_sample(files / name, wanted, 2)
    assert dict(zip(sample.grid.axes, sample.grid.shape, strict=True)) == wanted
    shown = show(sample, IID)
    hidden, cells = shown.hidden
    assert hidden == pytest.approx(0.25 * cells, abs=2)
    assert (shown.result[shown.mask] == 0).all()
    np.testing.assert_array_equal(shown.result[~shown.mask], sample.x[~shown.mask])
    assert (shown.mask[0] != shown.mask[1]).any(), "draws differ"


def test_cells_and_pixels_are_each_other_s_inverse():
    pixels = np.random.default_rng(0).random((12, 20, 3), dtype=np.float32)
    np.testing.assert_array_equal(to_pixels(to_cells(pixels, (3, 5)), (3, 5)), pixels)


@pytest.mark.parametrize(
    ("wanted", "axes"),
    [
        ({"time": 500, "freq": 40}, ("time", "freq")),
        ({"freq": 80, "time": 9}, ("freq", "time")),
        ({"time": 9}, ("time",)),
        ({"token": 9}, ("time", "freq")),
    ],
)
@pytest.mark.parametrize("name", ["tone.wav", "stereo.flac"])
def test_sounds_become_frames(files, name, wanted, axes):
    sample = read_sample(files / name, wanted, 1)
    assert sample.grid.axes == axes
    assert np.isfinite(sample.x).all()
    if "freq" in wanted:
        assert sample.grid.shape[axes.index("freq")] == wanted["freq"]
    show(sample, IID)


def test_tables_become_rows_or_a_series(files):
    sample = read_sample(files / "table.csv", {"feature": 28}, 4)
    assert sample.names == ("a", "b", "c")
    assert sample.x.shape == (4, 3, 1)
    assert sample.pool is not None
    assert sample.pool.shape == (9, 3, 1)
    series = read_sample(files / "table.csv", {"time": 100, "feature": 5}, 2)
    assert series.grid.shape == (9, 3)
    assert np.isnan(read_sample(files / "gap.tsv", {}, 2).x[0, 1, 0])


def test_fills_that_cannot_be_shown_leave_a_gap(files):
    shown = show(read_sample(files / "photo.png", {}, 1), Masking("iid", 0.5, "drop"))
    assert np.isnan(shown.result[shown.mask]).all()
    assert np.isfinite(shown.result[~shown.mask]).all()
    gap = panels(shown, 0)[1][1]
    assert (gap[:16, :16] == gap[0, 0]).all() == shown.mask[0, 0, 0]


@pytest.mark.parametrize("name", ["photo.png", "tone.wav", "table.csv"])
@pytest.mark.parametrize("fill", ["zero", "mask-token"])
def test_pictures_are_written(files, tmp_path, name, fill):
    shown = show(read_sample(files / name, {}, 3), Masking("iid", 0.5, fill))
    save(shown, tmp_path / "out.png", "a title")
    with Image.open(tmp_path / "out.png") as picture:
        assert min(picture.size) > 200


def test_letters():
    assert mask_letters(np.array([[True, False], [False, True]]), 80) == "#.\n.#"
    lines = mask_letters(np.ones((100, 200), dtype=bool), 80).split("\n")
    assert (len(lines), len(lines[0])) == (21, 67)
    assert lines[-1] == "(a letter stands for 5 x 3 cells, of which it is the first)"


def notes(path, name):
    preset, masking = presets()[name], Masking.from_dict(name)
    return notes_on(name, masking, preset.grid, read_sample(path, preset.grid, 1))


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("bert", "photo.png", ["bert is meant for text; shown on an image of 14 x 14 patches"]),
        ("mae", "tone.wav", ["mae is meant for images; shown on a sound of 51 x 80 cells (time, freq)"]),
        ("vime", "photo.png", ["vime is meant for tables; shown on an image of 14 x 14 patches"]),
        ("mae", "photo.png", []),
        ("specaugment-ld", "tone.wav", []),
        ("mae", "clear.png", ["the image has 1 x 1 pixels, fewer than 14 x 14 cells; it is scaled up"]),
        ("vime", "table.csv", ["columns left out, which hold more than numbers: name"]),
        (
            "hpm",
            "photo.png",
            ["the pattern follows scores; those here are invented: how far a cell lies from the mean"],
        ),
    ],
)
def test_what_is_not_as_asked_is_said(files, name, file, expected):
    assert notes(files / file, name) == expected


def test_cuts_are_said(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.sin(np.arange(31 * 8000) / 5.0), 8_000)
    assert notes(tmp_path / "long.wav", "wav2vec2") == ["the first 30 of 31.0 seconds are shown"]
    (tmp_path / "long.csv").write_text("a;b\n" + "1;2\n" * 600)
    assert notes(tmp_path / "long.csv", "automask-series") == [
        "rows are taken as moments of one series",
        "read as separated by semicolons, as its header is",
        "the first 512 of 600 rows are shown",
    ]
    (example,) = text_examples("a " * 600, Masking.from_dict("bert"), None, examples=1, seed=0, epoch=0)
    assert example["tokens_left_out"] == 602 - 512
    assert notes_on_text(Masking.from_dict("bert"), 90) == [
        "the first 512 tokens are shown; 90 at the end are left out"
    ]


def test_a_sound_lies_around_zero_and_its_title_says_so(files):
    shown = show(read_sample(files / "tone.wav", {"time": 1, "freq": 80}, 1), IID)
    assert abs(shown.sample.x.mean()) < 1e-3
    assert panels(shown, 0)[0][0] == "original (decibels around their mean)"


def test_hidden_cells_of_a_table_are_gaps(files):
    shown = show(read_sample(files / "table.csv", {"time": 9, "feature": 3}, 1), IID)
    picture = panels(shown, 0)[1][1][::-1].transpose(1, 0, 2)
    np.testing.assert_array_equal((picture == GAP).all(-1), shown.mask[0])


def test_marks_do_not_occur_in_the_text():
    assert marks_for("plain", "utf-8") == ("[", "]")
    assert marks_for("f[0]", "utf-8") == ("⟦", "⟧")
    assert marks_for("f[0]", "latin-1") == ("«", "»")
    assert marks_for("f[0]", "ascii") == ("[[", "]]")


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("missing.png", "no such file"),
        ("thing.xyz", ".xyz"),
        ("broken.png", "cannot be read as an image"),
        ("broken.wav", "cannot be read as a sound"),
        ("short.wav", "seconds of sound"),
        ("uneven.csv", "line 3 has 1 values"),
        ("words.csv", "no column of numbers"),
        ("header.csv", "found a single line"),
    ],
)
def test_files_that_cannot_be_used(files, name, fragment):
    with pytest.raises(DataError) as caught:
        read_sample(files / name, {}, 1)
    assert fragment in str(caught.value)


def test_a_masking_for_other_axes_is_refused(files):
    with pytest.raises(MaskingError, match="not for Grid"):
        show(
            read_sample(files / "photo.png", {}, 1), Masking({"tied": {"pattern": "iid", "axis": "freq"}}, 0.5, "zero")
        )


class TestCommand:
    def run(self, *arguments):
        return CliRunner().invoke(application(), ["preview", *map(str, arguments)])

    def test_text_of_ours_and_of_theirs(self):
        assert "30 types hidden" in self.run("automask", "-n", 2).output
        out = self.run("bert", "--text", TEXT, "-n", 1, "masking.budget=0.5", "--json")
        document = json.loads(out.output)
        assert document["units"] == 11
        assert document["hidden"] in (5, 6)
        assert "".join(piece["text"] for piece in document["examples"][0]["pieces"]) == TEXT.lower()

    def test_a_file_and_a_picture(self, files, tmp_path):
        out = self.run("bert", "--input", files / "photo.png", "-n", 1, "--output", tmp_path / "p.png")
        assert out.exit_code == 0, out.output
        assert "29 of 196" in out.output or "30 of 196" in out.output
        assert (tmp_path / "p.png").exists()
        document = json.loads(self.run("bert", "--input", files / "table.csv", "-n", 2, "--json").stdout)
        assert document["note"].startswith("bert is meant for text; shown on the rows of a table with 3 columns; ")
        assert [example["cells"] for example in document["examples"]] == [3, 3]
        assert sum(example["hidden"] for example in document["examples"]) == document["hidden"]
        assert document["epoch"] == 0
        assert document["grid"] == {"feature": 3}
        assert np.sum(document["mask"]) == document["hidden"]

    def test_a_row(self, files):
        out = self.run(
            "bert", "--input", files / "table.csv", "-n", 1, "masking.fill=mean", "masking.budget.ratio=0.34"
        )
        assert "row 1: 1 of 3 hidden" in out.output

    def test_marks_and_what_they_mean(self):
        out = self.run("roberta", "--text", "f[0] and more words", "-n", 1).stdout
        assert "⟦marked⟧: hidden; the fill (" in out
        assert ") then decides what replaces it" in out

    def test_left_whole(self, files):
        arguments = ("-n", 2, "masking.clean_share=1.0")
        assert "the text: left whole (0 of 11 tokens hidden)" in self.run("bert", "--text", TEXT, *arguments).stdout
        assert (
            "0 of 196 cells hidden (0.0%), left whole"
            in self.run("mae", "--input", files / "photo.png", *arguments).stdout
        )

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("none",), "none hides nothing"),
            (("MAE", "--input", "photo.png"), "Did you mean 'mae'?"),
            (("mae",), "mae is meant for images (row, col), not for text; give an image with --input"),
            (("bert", "--text", "x", "--input", "photo.png"), "give one of them"),
            (("specaugment-ld", "--input", "photo.png"), "give a sound with --input"),
        ],
    )
    def test_what_was_meant(self, files, arguments, message, capfd, monkeypatch):
        monkeypatch.chdir(files)
        monkeypatch.setattr(sys, "argv", ["maskwright", "preview", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 2
        assert message in " ".join(capfd.readouterr().err.split())

    def test_a_pattern_in_the_current_folder(self, tmp_path):
        (tmp_path / "corners_here.py").write_text(PATTERN)
        (tmp_path / "train.csv").write_text("text,label\n" + "".join(f"one two three {n},{n % 2}\n" for n in range(40)))
        masking = "{pattern: 'corners_here:EveryThird', fill: mask-token}"
        (tmp_path / "run.yaml").write_text(f"model: scratch:tiny\ndata: {{train: train.csv}}\nmasking: {masking}\n")
        # As the installed command does, Python is started without the current folder on its path.
        code = "import sys; sys.argv = ['maskwright', 'preview', 'run.yaml']; from maskwright.cli import main; main()"
        done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "corners_here:EveryThird" in done.stdout

    @pytest.mark.parametrize(
        "arguments",
        [
            ("nothing",),
            ("missing.yaml",),
            ("bert", "--text", " "),
            ("bert", "masking.budgte=1"),
            ("bert", "budget=1"),
            ("bert", "--output", "text.png"),
            ("bert", "--input", "missing.png"),
        ],
    )
    def test_bad_input(self, arguments, capfd, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["maskwright", "preview", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 2
        assert "Traceback" not in capfd.readouterr().err


def of_kind(preset):
    """The file that a preset is shown on; None for text."""
    files = {"row": "photo.png", "freq": "tone.wav", "time": "tone.wav", "patch": "tone.wav"}
    if "feature" in preset.grid:
        return "table.csv"
    return next((file for axis, file in files.items() if axis in preset.grid), None)


@pytest.mark.parametrize("preset", presets().values(), ids=lambda preset: preset.name)
def test_every_preset_can_be_shown(files, preset):
    masking = Masking.from_dict(preset.node)
    file = of_kind(preset)
    if file is None:
        shown = text_examples(TEXT, masking, None, examples=2, seed=0, epoch=0)
        assert len(shown) == 2
        assert 0 < sum(example["hidden_units"] for example in shown) < sum(example["units"] for example in shown)
    else:
        hidden, cells = show(read_sample(files / file, preset.grid, 2), masking).hidden
        assert 0 <= hidden <= cells


def test_titles_of_examples_name_the_label_and_what_is_counted():
    from maskwright.cli.preview import _title

    example = {"example_id": 1, "label": "4", "hidden_units": 18, "units": 30}
    document = {"masking": {"pattern": "iid", "unit": "token"}, "unit": "patch"}
    assert _title(example, document) == "row 2, label 4: 18 of 30 patches hidden (60%)"
    example["parts"] = [[16, 16, "patch"], [2, 14, "word"]]
    assert _title(example, {"masking": {"modalities": {}}}) == (
        "row 2, label 4: 16 of 16 patches and 2 of 14 words hidden (60%)"
    )
