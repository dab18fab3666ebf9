"""Folders of frames, tables of them and arrays become checked splits of clips."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from maskwright.data.media.clips import ClipSection, load_clip_data, open_clip
from maskwright.errors import DataError

CLIPS = np.random.default_rng(0).integers(0, 256, (12, 3, 9, 8, 3), dtype=np.uint8)
LABELS = np.arange(12) % 2


def load(labelled=True, **options):
    return load_clip_data(ClipSection(**options), labelled=labelled)


def problems(labelled=True, **options):
    with pytest.raises(DataError) as caught:
        load(labelled, **options)
    return "\n".join(map(str, caught.value.problems))


@pytest.fixture
def folder(draw, tmp_path):
    """Write the clips with frames 8, 9 and 10 into `<name>/<class>/<clip>`."""

    def write(name, clips=CLIPS):
        for i, clip in enumerate(clips):
            for frame, pixels in enumerate(clip):
                draw(f"{name}/{('left', 'right')[i % 2]}/clip {i}/{frame + 8}.png", pixels)
        return str(tmp_path / name)

    return write


def test_folders(folder):
    data = load(train=folder("train"))
    assert data.train.column_names == ["example_id", "clip", "label"]
    assert data.labels == ("left", "right")
    assert (len(data.train), len(data.validation)) == (10, 2)
    for row in data.train:
        number = int(Path(row["clip"]).name.split()[1])
        assert np.array_equal(open_clip(row["clip"]), CLIPS[number])  # 8, 9, 10: in the order of numbers
    assert data.facts["frames"]["train"].tolist() == [3] * 10
    assert data.facts["sizes"]["validation"].tolist() == [[9, 8]] * 2


def test_arrays_are_the_same_clips(folder, tmp_path):
    np.savez(tmp_path / "a.npz", clips=CLIPS, labels=np.array(["left", "right"])[LABELS])
    told = problems(train=folder("train"), test=str(tmp_path / "a.npz"))
    assert f"train/left/clip 0: this clip is also in test ({tmp_path}/a.npz, clips[0])" in told
    data = load(train=str(tmp_path / "a.npz"))
    assert data.columns == {"clip": "clips", "label": "labels"}
    assert np.array_equal(open_clip(data.train[1]["clip"]), CLIPS[data.train[1]["example_id"]])


def test_grey_and_floating_point_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", clips=CLIPS[..., 0] / 255, labels=LABELS)
    load(train=str(tmp_path / "a.npz"))
    assert np.array_equal(open_clip(f"{tmp_path}/a.npz#2"), np.repeat(CLIPS[2, ..., :1], 3, -1))


def test_tables(folder, csv_file, tmp_path):
    folder("all")
    rows = [(f"all/{('left', 'right')[i % 2]}/clip {i}", i % 2) for i in range(12)]
    data = load(train=csv_file("a.csv", ("clip", "label"), rows))
    assert open_clip(data.train[0]["clip"]).shape == (3, 9, 8, 3)
    (tmp_path / "file.mp4").touch()
    np.savez(tmp_path / "v.npz", clips=CLIPS // 2, labels=LABELS)
    rows += [("nowhere", 0), ("file.mp4", 0), ("all/left", 1), ("v.npz#12", 1), ("v.npz#1", 1)]
    told = problems(train=csv_file("b.csv", ("folder", "label"), rows))
    assert "row 13 (line 14), column 'folder': 'nowhere' does not exist. Correct the path. Paths are taken from" in told
    assert "'file.mp4' is a file, not a folder of frames" in told
    assert "'all/left' has no frames" in told
    assert "'v.npz#12' does not exist: array 'clips'" in told
    assert len(told.splitlines()) == 4


def test_bad_clips_are_told_at_once(folder, draw, tmp_path):
    train = folder("train")
    draw("train/left/clip 0/9.png", np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "train/left/clip 2/9.png").write_text("x")
    (tmp_path / "train/right/clip 3/9.png").write_bytes(b"")
    draw("train/left/stray.png")
    (tmp_path / "train/right/clip 99").mkdir()
    (tmp_path / "train/right/clip 99/clip.mp4").touch()
    told = problems(train=train)
    for fragment in (
        "left/clip 0: the clip has frames of different sizes: 9 × 8, but frame 2 is 4 × 4.",
        "left/clip 2: the clip has a frame, 9.png, that holds nothing that can be read as a picture.",
        "right/clip 3: the clip has a frame, 9.png, that is empty (0 bytes).",
        f"train/left: there are frames right in this folder; expected {train}/<class>/<clip>/<frames>.",
        "right/clip 99: the clip folder has no frames. Fill or remove it. Videos are read as folders of frames;",
    ):
        assert fragment in told, fragment
    assert len(told.splitlines()) == 5


def test_without_classes(folder, tmp_path):
    train = folder("train")
    assert "expected" in problems(train=f"{train}/left")
    data = load(labelled=False, train=f"{train}/left")
    assert (len(data.train), len(data.validation), data.labels) == (5, 1, ())
    assert set(data.train["label"]) == {-1}
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").touch()
    assert "there is no clip in this folder (data.train). Videos are read as folders of frames" in problems(
        labelled=False, train=str(tmp_path / "videos")
    )


def test_dropped_duplicates_and_repeats(folder):
    train, test = folder("train"), folder("test", CLIPS[:2])
    shutil.copytree(f"{train}/left/clip 4", f"{train}/left/copy")
    data = load(train=train, test=test, duplicates="drop")
    assert (len(data.train) + len(data.validation), len(data.test)) == (11, 2)
    assert "1 clip of train repeats the clip of an earlier one." in data.notes
    assert any("2 clips of train are left out" in note for note in data.notes)


def test_order_of_frames_makes_another_clip(tmp_path):
    np.savez(tmp_path / "a.npz", clips=CLIPS, labels=LABELS)
    np.savez(tmp_path / "b.npz", clips=CLIPS[:, ::-1], labels=LABELS)
    assert len(load(train=str(tmp_path / "a.npz"), test=str(tmp_path / "b.npz")).test) == 12


def test_open_clip_refuses(refused, draw, tmp_path):
    assert "the clip does not exist" in refused(open_clip, str(tmp_path / "no"))
    draw("c/1.png")
    draw("c/2.png", np.zeros((2, 2, 3), np.uint8))
    assert "the frames differ in size" in refused(open_clip, str(tmp_path / "c"))
