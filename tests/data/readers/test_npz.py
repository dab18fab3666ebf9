"""Arrays are read where they lie, and files with anything else than arrays are refused."""

import os
import zipfile

import numpy as np
import pytest

from maskwright.data.media.pixel_arrays import UnreadableError
from maskwright.data.readers import npz
from maskwright.data.readers.npz import Wanted, open_element, read_npz

WANTED = Wanted("image", "images", 2)
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
LABELS = np.arange(6) % 2


@pytest.mark.parametrize(
    "array",
    [PIXELS, np.asfortranarray(PIXELS), PIXELS[..., 0], (PIXELS / 255).astype(np.float32), PIXELS.astype(">f8") / 255],
    ids=["uint8", "fortran", "grey", "float32", "big-endian"],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_elements(tmp_path, array, save):
    save(tmp_path / "a.npz", labels=LABELS, images=array, a_longer_name_before=LABELS)
    for index in range(6):
        assert np.array_equal(open_element(f"{tmp_path}/a.npz#{index}", "images"), array[index])


def test_uncompressed_arrays_are_mapped(tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS)
    np.savez_compressed(tmp_path / "b.npz", images=PIXELS)
    assert isinstance(open_element(f"{tmp_path}/a.npz#0", "images").base, np.memmap)
    assert not isinstance(open_element(f"{tmp_path}/b.npz#0", "images").base, np.memmap)


def test_a_file_written_anew_is_read_anew(tmp_path):
    path = tmp_path / "a.npz"
    for number in (1, 2):
        np.savez(path, images=np.full((2, 3, 3), number, np.uint8))
        os.utime(path, ns=(number, number))
        assert (open_element(f"{path}#1", "images") == number).all()


def test_table(tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS, other=PIXELS, ids=np.arange(6), fewer=PIXELS[:2])
    table = read_npz(tmp_path / "a.npz", "data.train", WANTED)
    assert set(table.columns) == {"images", "labels", "other"}
    assert table.values("images")[3] == f"{tmp_path}/a.npz#3"
    assert table.values("other")[3] == f"{tmp_path}/a.npz#other#3"
    assert table.values("labels") == LABELS.tolist()
    assert table.place(3, "label") == f"{tmp_path}/a.npz, images[3]"


def test_large_compressed_arrays_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "_LARGE", PIXELS.nbytes)
    np.savez(tmp_path / "b.npz", images=PIXELS, labels=LABELS)
    assert read_npz(tmp_path / "b.npz", "data.train", WANTED).notes == ()
    np.savez_compressed(tmp_path / "a.npz", images=PIXELS, labels=LABELS)
    (note,) = read_npz(tmp_path / "a.npz", "data.train", WANTED).notes
    assert "'images' is compressed, so every process holds it unpacked in memory (0.0 GiB)" in note


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


def test_objects_are_refused_and_never_loaded(tmp_path, refused, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", images=np.array([Evil()] * 6, object), labels=np.array([Evil()] * 6, object))
    message = refused(read_npz, tmp_path / "a.npz", "data.train", WANTED)
    assert "array 'images' holds Python objects, which can run code when they are read" in message
    assert "array 'labels' holds Python objects" in message
    with pytest.raises(UnreadableError, match="Python objects"):
        open_element(f"{tmp_path}/a.npz#0", "images")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("arrays", "fragments"),
    [
        ({"x": PIXELS, "y": LABELS}, ["no array 'images' (data.image); the file holds 'x', 'y'", "no array 'labels'"]),
        ({"image": PIXELS, "labels": LABELS}, ["Did you mean 'image'?"]),
        ({"images": np.moveaxis(PIXELS, -1, 1), "labels": LABELS}, ["Channels go last: np.moveaxis(images, -3, -1)"]),
        ({"images": PIXELS[..., :2], "labels": LABELS}, ["whose last axis is not one of 1, 3 or 4 channels"]),
        ({"images": PIXELS[0, 0], "labels": LABELS[:4]}, ["has the shape (5, 3). Expected [N, row, col]"]),
        ({"images": PIXELS[:0], "labels": LABELS[:0]}, ["'images' is empty: its shape is (0, 4, 5, 3)"]),
        ({"images": PIXELS.astype(int), "labels": LABELS}, ["is of type int64. Save uint8"]),
        ({"images": PIXELS, "labels": LABELS[:4]}, ["'images' has 6 elements, 'labels' 4. There must be one label"]),
        ({"images": PIXELS, "labels": np.eye(6)}, ["has the shape (6, 6), expected one axis", "labels.argmax(1)"]),
    ],
)
def test_bad_arrays(tmp_path, refused, arrays, fragments):
    np.savez(tmp_path / "a.npz", **arrays)
    message = refused(read_npz, tmp_path / "a.npz", "data.train", WANTED)
    assert all(fragment in message for fragment in fragments), message


def test_damaged_files(tmp_path, refused):
    path = tmp_path / "a.npz"
    np.savez(path, images=PIXELS, labels=LABELS)
    path.write_bytes(path.read_bytes()[:300])
    assert "this is not a whole .npz file" in refused(read_npz, path, "data.train", WANTED)
    path.write_bytes(b"")
    assert "this is not a whole .npz file" in refused(read_npz, path, "data.train", WANTED)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", b"nonsense")
    assert "this is not a whole .npz file" in refused(read_npz, path, "data.train", WANTED)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", b"nonsense")
    assert "the file holds no array" in refused(read_npz, path, "data.train", WANTED)


def test_labels_named_or_missing(tmp_path, refused):
    np.savez(tmp_path / "a.npz", images=PIXELS, label=LABELS)
    assert read_npz(tmp_path / "a.npz", "data.train", WANTED).roles == {"image": "images", "label": "label"}
    optional = Wanted("image", "images", 2, labelled=False)
    np.savez(tmp_path / "b.npz", images=PIXELS)
    assert read_npz(tmp_path / "b.npz", "data.train", optional).roles == {"image": "images"}
    named = Wanted("image", "images", 2, label="lables", labelled=False)
    assert "no array 'lables' (data.label)" in refused(read_npz, tmp_path / "a.npz", "data.train", named)
