"""Every way of storing a picture gives the same pixels, and what is no picture is told apart."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from maskwright.data.media import pictures
from maskwright.data.media.pictures import decode, read_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def stored(image, kind="PNG", **options):
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA"])
def test_rgb(kind):
    found = decode(stored(PIXELS, kind))
    assert found.pixels.dtype == np.uint8
    assert np.array_equal(found.pixels, PIXELS)
    assert found.traits == ()


def test_from_a_file_with_a_unicode_name_and_upper_case_extension(tmp_path):
    path = tmp_path / "Übung 猫.PNG"
    Image.fromarray(PIXELS).save(path)
    assert np.array_equal(read_picture(path), PIXELS)
    assert np.array_equal(read_picture(str(path)), PIXELS)


def test_grey_and_one_bit():
    assert np.array_equal(read_picture(stored(PIXELS[..., 0])), np.repeat(PIXELS[..., :1], 3, 2))
    bits = Image.fromarray(PIXELS[..., 0] > 127)
    assert set(np.unique(read_picture(stored(bits)))) == {0, 255}


def test_palette():
    image = Image.fromarray(PIXELS).quantize(256)
    found = decode(stored(image))
    assert np.array_equal(found.pixels, np.asarray(image.convert("RGB")))
    assert found.traits == ("palette",)


def test_cmyk():
    image = Image.fromarray(PIXELS).convert("CMYK")
    found = decode(stored(image, "TIFF"))
    assert np.array_equal(found.pixels, np.asarray(image.convert("RGB")))
    assert found.traits == ("CMYK",)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    found = decode(stored(np.array([[0, 128, 129, 257 * 3, 40_000, 65_535]], np.uint16), kind))
    assert found.pixels[0, :, 0].tolist() == [0, 0, 1, 3, 156, 255]
    assert found.traits == ("16-bit",)


def test_big_endian_16_bit():
    content = b"MM\x00*\x00\x00\x00\x08" + b"\x00\x09"
    for tag, kind, value in [(256, 3, 2), (257, 3, 1), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 122)]:
        content += tag.to_bytes(2) + kind.to_bytes(2) + (1).to_bytes(4)
        content += value.to_bytes(2) + b"\0\0" if kind == 3 else value.to_bytes(4)
    for tag, kind, value in [(277, 3, 1), (278, 3, 1), (279, 4, 4)]:
        content += tag.to_bytes(2) + kind.to_bytes(2) + (1).to_bytes(4)
        content += value.to_bytes(2) + b"\0\0" if kind == 3 else value.to_bytes(4)
    content += b"\0\0\0\0" + (257).to_bytes(2) + (65_535).to_bytes(2)
    assert read_picture(content)[0, :, 0].tolist() == [1, 255]


def test_32_bit_numbers_are_refused(refused):
    message = refused(read_picture, stored(Image.fromarray(np.array([[70_000, -1]], np.int32)), "TIFF"))
    assert "values from -1 to 70,000" in message


def test_transparent_pixels_are_laid_on_white():
    rgba = np.array([[[200, 0, 0, 0], [200, 0, 0, 255], [0, 0, 0, 128]]], np.uint8)
    found = decode(stored(rgba))
    assert found.pixels.tolist() == [[[255, 255, 255], [200, 0, 0], [127, 127, 127]]]
    assert found.traits == ("alpha",)
    assert decode(stored(np.dstack([PIXELS, np.full((5, 7), 255, np.uint8)]))).traits == ()


def test_transparency_of_a_palette_and_of_grey():
    image = Image.fromarray(PIXELS).quantize(4)
    found = decode(stored(image, transparency=0))
    assert found.traits == ("palette", "alpha")
    assert (found.pixels[np.asarray(image) == 0] == 255).all()
    grey = np.array([[[10, 0], [10, 255]]], np.uint8)
    assert decode(stored(grey)).pixels[0, :, 0].tolist() == [255, 10]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_rotation(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = stored(PIXELS, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
    found = decode(content)
    assert np.array_equal(found.pixels, expected)
    assert found.pixels.flags.c_contiguous
    if kind == "PNG":
        assert found.traits == (("rotated",) if orientation > 1 else ())


def test_the_first_frame_of_an_animation():
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "blue")]
    content = stored(frames[0], "GIF", save_all=True, append_images=frames[1:])
    found = decode(content)
    assert (found.pixels == [255, 0, 0]).all()
    assert "animated" in found.traits


def test_the_preview_in_a_photo_is_no_animation():
    photo, preview = Image.fromarray(PIXELS), Image.fromarray(PIXELS[:2])
    found = decode(stored(photo, "MPO", save_all=True, append_images=[preview]))
    assert (found.pixels.shape, found.traits) == ((5, 7, 3), ())


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b"", ["the file is empty (0 bytes)"]),
        (b"hello", ["holds nothing that can be read as a picture", "Known: PNG, JPEG"]),
        (b"version https://git-lfs.github.com/spec/v1", ["only a Git LFS pointer", "git lfs pull"]),
        (b"<!DOCTYPE html><p>404", ["holds a web page"]),
        (b"<?xml version='1.0'?><svg>", ["is a drawing (SVG)"]),
        (stored(PIXELS)[:90], ["is cut off or damaged ("]),
        (stored(np.tile(PIXELS, (9, 9, 1)), "JPEG")[:-400], ["is cut off or damaged (image file is truncated"]),
        (stored(PIXELS[..., 0] / 2, "TIFF"), ["floating-point pictures go from 0 (dark) to 1"]),
        (stored(Image.new("L", (4, 4)), "EPS"), ["holds nothing that can be read as a picture"]),
    ],
)
def test_what_is_no_picture(refused, content, fragments):
    message = refused(read_picture, content)
    assert message.startswith("picture given as bytes: the file ")
    assert all(fragment in message for fragment in fragments), message
    assert "\n" not in message


def test_missing_files_and_folders(refused, tmp_path):
    (tmp_path / "x.png").mkdir()
    assert "x.png: the file is a folder, not a picture" in refused(read_picture, tmp_path / "x.png")
    Image.fromarray(PIXELS).save(tmp_path / "cat.jpg")
    assert f"does not exist. Did you mean '{tmp_path / 'cat.jpg'}'?" in refused(read_picture, tmp_path / "cat.JPG")
    assert "There is no folder" in refused(read_picture, tmp_path / "no" / "cat.jpg")
    assert "cannot be read" in refused(read_picture, tmp_path / "cat.jpg" / "a.png")
    assert "cannot be read" in refused(read_picture, "a\0b.png")


def test_too_large(refused, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST", 34)
    assert "has 5 × 7 pixels, more than the 34 pixels that are read. Make it smaller" in refused(
        read_picture, stored(PIXELS)
    )


def test_a_bomb(refused):
    bomb = stored(Image.new("1", (20_000, 10_000)))
    assert "is larger than the 89,478,485 pixels that are read" in refused(read_picture, bomb)
