"""Small data sets of pictures, clips, scenes and captioned pictures, made from the handwritten digits of scikit-learn.

    python examples/vision_data.py FOLDER [--seed 0] [--only digits|video|detection|image-text] [--small]

Nothing is downloaded, and the same seed writes the same bytes. Everything is RGB, light ink on black. The 1,797 source
digits (8 by 8) are divided once per seed into train, validation and test, 60 : 15 : 25 in every class. All parts share
this division: what is learned from one part's training pictures has seen nothing of another part's test pictures.

digits (10 classes, 32 by 32)
    digits/<split>/<0..9>/*.png, digits_<split>.npz (images, labels), digits_<split>.csv (image,label),
    digits_100/<0..9>/*.png (ten training pictures of each class), digits_unlabelled/*.png (all training pictures).

video (4 classes, 8 frames of 32 by 32)
    video/<split>.npz (clips, labels) and, for the first clips of each class, also
    video_frames/<split>/<class>/<clip>/<000>.png. A digit moves 2 or 3 pixels per frame, and what leaves on one side
    enters on the other. The class is the direction. The start is uniform, so that in every single frame the digit is
    anywhere, whatever the direction: one frame alone reaches 25 %, two neighbouring frames in known order tell.

detection (10 classes, 3 with --small; 64 by 64)
    detection/<split>.json (COCO; file names are relative to this file) and detection/images/*.png: one to four digits
    of about 12 to 28 pixels height, among noise, line pieces and fragments of digits. Boxes are tight: a digit has ink
    in each outermost row and column of its box and none outside. `area` is that of the box.

image-text (10 classes, 32 by 32)
    image_text/<split>.jsonl (image, text, label) and image_text/images/*.png. The label is the number that the picture
    and the sentence have in common. Half of the rows have one digit and one number: either modality alone is enough.
    The other half have two digits and two numbers, one in common: either modality alone leaves two equally likely
    labels. Whoever reads perfectly reaches 75 % from the picture alone, 75 % from the text alone, 100 % from both.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

SPLITS = ("train", "validation", "test")
DIGITS_OF_SMALL_SCENES = 3
SIZES = {"video": (600, 100, 200), "detection": (600, 100, 150), "image-text": (800, 100, 300)}
FRAME_FOLDERS = (32, 8, 12)
"""Clips of each class that are written as folders of frames too, by split."""

SIDE = 32
FRAMES = 8
MOVES = {"down": (1, 0), "left": (0, -1), "right": (0, 1), "up": (-1, 0)}
"""Rows and columns per pixel of movement."""

SCENE = 64
LOWEST, TALLEST = 12, 28
FAINT, INK = 16, 64
"""Fainter ink of a source digit, and of a digit in a scene, is cleared: what is seen of it and its box are the same."""
OVERLAP = 0.05
"""Share of the smaller of two boxes that the other may cover."""

NUMBERS = "zero one two three four five six seven eight nine".split()
# No sentence may use "one" as a pronoun.
NAMING_ONE = (
    "This is {a}.",
    "The picture shows {a}.",
    "Somebody wrote {a} here.",
    "I can read {a} in this picture.",
    "My teacher calls that {a}.",
    "They meant to write {a}, nothing else.",
)
NAMING_TWO = (
    "This is {a} or {b}.",
    "It must be either {a} or {b}.",
    "Somebody wrote {a}, unless it was {b}.",
    "I am looking for {a} and for {b}.",
    "My teacher says that {a} counts, and so does {b}.",
    "They meant to write {a} or perhaps {b}.",
)

Sources = dict[str, list[np.ndarray]]


class Placed(NamedTuple):
    """Ink on a scene: where its upper left corner is, its pixels, and the digit it is."""

    row: int
    column: int
    ink: np.ndarray
    digit: int

    def shared(self, other: Placed) -> float:
        """Pixels that the two boxes share, as a part of the smaller box."""
        rows = min(self.row + len(self.ink), other.row + len(other.ink)) - max(self.row, other.row)
        columns = min(self.column + self.ink.shape[1], other.column + other.ink.shape[1])
        columns -= max(self.column, other.column)
        return max(rows, 0) * max(columns, 0) / min(self.ink.size, other.ink.size)


def sources(seed: int) -> Sources:
    """The 8 by 8 digits of each split: ten arrays [n, 8, 8] of uint8, one per class, in a random order."""
    pixels, classes = map(np.asarray, load_digits(return_X_y=True))
    pictures = (pixels.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    rng = np.random.default_rng([seed, 0])
    found: Sources = {split: [] for split in SPLITS}
    for digit in range(10):
        of_class = rng.permutation(pictures[classes == digit])
        ends = [round(len(of_class) * share) for share in (0.60, 0.75)]
        for split, part in zip(SPLITS, np.split(of_class, ends), strict=True):
            found[split].append(part)
    return found


def digits(folder: Path, seed: int = 0, small: bool = False) -> dict[str, int]:
    """Pictures of single digits; returns how many there are, by split."""
    home = _new(folder, "digits")
    few, flat = _new(folder, "digits_100"), _new(folder, "digits_unlabelled")
    counts = {}
    for number, (split, classes) in enumerate(sources(seed).items()):
        images, labels, paths = [], [], []
        for digit, pictures in enumerate(classes):
            for i, picture in enumerate(pictures[: len(pictures) // 4] if small else pictures):
                images.append(_rgb(_enlarged(picture, SIDE, SIDE)))
                labels.append(digit)
                name = f"{digit}/{digit}_{i:03}.png"
                paths.append(f"digits/{split}/{name}")
                _save(images[-1], home / split / name)
                if split == "train" and i < 10:
                    _save(images[-1], few / name)
        counts[split] = len(images)
        order = np.random.default_rng([seed, 1, number]).permutation(len(images))
        shuffled = {"images": np.stack(images)[order], "labels": np.array(labels)[order]}
        np.savez_compressed(folder / f"digits_{split}.npz", allow_pickle=False, **shuffled)
        with (folder / f"digits_{split}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = [(paths[row], labels[row]) for row in order]
            csv.writer(file, lineterminator="\n").writerows([("image", "label"), *rows])
        if split == "train":
            for i, row in enumerate(order):
                _save(images[row], flat / f"{i:04}.png")
    return counts


def video(folder: Path, seed: int = 0, small: bool = False) -> dict[str, int]:
    """Clips of a moving digit, the class being the direction; returns how many there are, by split."""
    home, frames = _new(folder, "video"), _new(folder, "video_frames")
    home.mkdir(parents=True)
    counts = _sizes("video", small)
    for number, (split, classes) in enumerate(sources(seed).items()):
        rng = np.random.default_rng([seed, 2, number])
        labels = rng.permutation(np.resize(sorted(MOVES), counts[split]))
        clips = np.stack([clip(_any(classes, rng)[1], label, rng) for label in labels])
        np.savez_compressed(home / f"{split}.npz", allow_pickle=False, clips=clips, labels=labels)
        each = FRAME_FOLDERS[number] // 4 if small else FRAME_FOLDERS[number]
        for i in np.concatenate([np.flatnonzero(labels == direction)[:each] for direction in MOVES]):
            for time, frame in enumerate(clips[i]):
                _save(frame, frames / split / labels[i] / f"{i:04}" / f"{time:03}.png")
    return counts


def clip(picture: np.ndarray, direction: str, rng: np.random.Generator) -> np.ndarray:
    """A digit that moves from anywhere in a direction: [frame, row, column, 3]."""
    first = np.zeros((SIDE, SIDE), np.uint8)
    first[: SIDE // 2, : SIDE // 2] = _enlarged(picture, SIDE // 2, SIDE // 2)
    start = rng.integers(0, SIDE, 2)
    step = rng.integers(2, 4) * np.array(MOVES[direction])
    return np.stack([_rgb(np.roll(first, start + time * step, (0, 1))) for time in range(FRAMES)])


def detection(folder: Path, seed: int = 0, small: bool = False) -> dict[str, int]:
    """Scenes of one to four digits, with boxes in COCO's format; returns how many scenes there are, by split."""
    home = _new(folder, "detection")
    counts = _sizes("detection", small)
    names = range(DIGITS_OF_SMALL_SCENES if small else 10)
    # COCO's numbers start at 1, as everybody's evaluation expects; so a category's number is not the digit.
    categories = [{"id": digit + 1, "name": str(digit), "supercategory": "digit"} for digit in names]
    for number, (split, classes) in enumerate(sources(seed).items()):
        rng = np.random.default_rng([seed, 3, number])
        images, annotations = [], []
        for i in range(counts[split]):
            picture, placed = scene(classes[: len(names)], rng)
            file_name = f"images/{split}_{i:04}.png"
            _save(picture, home / file_name)
            images.append({"id": i + 1, "file_name": file_name, "width": SCENE, "height": SCENE})
            for thing in placed:
                height, width = map(float, thing.ink.shape)
                box = [float(thing.column), float(thing.row), width, height]
                about = {"id": len(annotations) + 1, "image_id": i + 1, "category_id": thing.digit + 1}
                annotations.append(about | {"bbox": box, "area": width * height, "iscrowd": 0})
        content = {"images": images, "annotations": annotations, "categories": categories}
        (home / f"{split}.json").write_text(json.dumps(content) + "\n", encoding="utf-8", newline="\n")
    return counts


def scene(classes: list[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, list[Placed]]:
    """A picture [row, column, 3] and the digits in it, whose ink is cut out as tightly as their boxes are."""
    placed: list[Placed] = []
    for _ in range(rng.integers(1, 5)):
        digit, picture = _any(classes, rng)
        ink = _cut_out(picture, int(rng.integers(LOWEST, TALLEST + 1)), rng)
        _put(placed, ink, digit, OVERLAP, rng)
    clutter = list(placed)
    for _ in range(rng.integers(3, 7)):
        _put(clutter, _line(rng), -1, 0.0, rng)
    for _ in range(rng.integers(2, 5)):
        _put(clutter, _fragment(_any(classes, rng)[1], rng), -1, 0.0, rng)
    canvas = rng.integers(0, 48, (SCENE, SCENE), dtype=np.uint8)
    for row, column, ink, _ in clutter:
        under = canvas[row : row + ink.shape[0], column : column + ink.shape[1]]
        np.maximum(under, ink, out=under)
    return _rgb(canvas), placed


def image_text(folder: Path, seed: int = 0, small: bool = False) -> dict[str, int]:
    """Pictures of one or two digits with a sentence; returns how many rows there are, by split."""
    home = _new(folder, "image_text")
    counts = _sizes("image-text", small)
    for number, (split, classes) in enumerate(sources(seed).items()):
        rng = np.random.default_rng([seed, 4, number])
        lines = []
        for row in rng.permutation(counts[split]):
            # Ten labels in turn, of which every other round has two digits and two numbers.
            label, turn = int(row % 10), int(row // 10)
            needs_both = turn % 2 == 1
            other, wrong = (int(digit) for digit in rng.permutation(np.delete(np.arange(10), label))[:2])
            file_name = f"images/{split}_{len(lines):04}.png"
            # Each source digit is the label's at most once, so that no two rows are the same.
            shown = [classes[label][turn], rng.choice(classes[other])]
            _save(_side_by_side(shown if needs_both else shown[:1], rng), home / file_name)
            text = _sentence([label, wrong] if needs_both else [label], rng)
            lines.append(json.dumps({"image": file_name, "text": text, "label": str(label)}) + "\n")
        (home / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")
    return counts


def _side_by_side(shown: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Digits of half the picture's side, in its left and its right half, either of which may be empty."""
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    for picture, column in zip(shown, rng.permutation([0, SIDE // 2]), strict=False):
        row = rng.integers(SIDE // 4 - 2, SIDE // 4 + 3)
        canvas[row : row + SIDE // 2, column : column + SIDE // 2] = _enlarged(picture, SIDE // 2, SIDE // 2)
    return _rgb(canvas)


def _sentence(said: list[int], rng: np.random.Generator) -> str:
    words = [("an " if NUMBERS[number] == "eight" else "a ") + NUMBERS[number] for number in rng.permutation(said)]
    template = rng.choice(NAMING_ONE if len(said) == 1 else NAMING_TWO)
    return str(template).format(**dict(zip("ab", words, strict=False)))


def _cut_out(picture: np.ndarray, height: int, rng: np.random.Generator) -> np.ndarray:
    """A digit about as high as asked for, without its margins."""
    strokes = _tight(picture, FAINT)
    # A margin while it is enlarged: strokes then end softly and not at a straight cut.
    rows, columns = (round((side + 2) * height / len(strokes)) for side in strokes.shape)
    return _tight(_lit(_enlarged(np.pad(strokes, 1), rows, columns), rng), INK)


def _fragment(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A corner of some strokes, lower than any digit."""
    row, column = rng.integers(0, 6, 2)
    piece = picture[row : row + 3, column : column + 3]
    return _tight(_lit(_enlarged(piece, *rng.integers(5, 9, 2)), rng), INK)


def _line(rng: np.random.Generator) -> np.ndarray:
    """A thin line piece, lower than any digit or less upright."""
    height, width = rng.integers(1, 9), rng.integers(4, 13)
    piece = Image.new("L", (int(width), int(height)))
    ends = (0, 0, int(width) - 1, int(height) - 1) if rng.integers(2) else (0, int(height) - 1, int(width) - 1, 0)
    ImageDraw.Draw(piece).line(ends, fill=255)
    return _lit(np.asarray(piece), rng)


def _put(placed: list[Placed], ink: np.ndarray, digit: int, overlap: float, rng: np.random.Generator) -> None:
    """Add ink in a random place where it shares little with what is there; leave it out if no place is found."""
    for _ in range(50 if ink.size else 0):
        row, column = (int(rng.integers(0, SCENE - side + 1)) for side in ink.shape)
        thing = Placed(row, column, ink, digit)
        if all(thing.shared(other) <= overlap for other in placed):
            placed.append(thing)
            return


def _any(classes: list[np.ndarray], rng: np.random.Generator) -> tuple[int, np.ndarray]:
    digit = int(rng.integers(len(classes)))
    return digit, rng.choice(classes[digit])


def _enlarged(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((int(width), int(height)), Image.Resampling.BICUBIC))


def _lit(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ink of a brightness between 70 and 100 %."""
    return (ink * rng.uniform(0.7, 1.0)).astype(np.uint8)


def _tight(ink: np.ndarray, least: int) -> np.ndarray:
    """Ink at least so bright, in the smallest array that holds it."""
    ink = np.where(ink >= least, ink, 0).astype(np.uint8)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else ink[:0]


def _rgb(picture: np.ndarray) -> np.ndarray:
    return np.repeat(picture[..., None], 3, axis=-1)


def _save(picture: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, "PNG")


def _sizes(part: str, small: bool) -> dict[str, int]:
    return {split: size // 4 if small else size for split, size in zip(SPLITS, SIZES[part], strict=True)}


def _new(folder: Path, name: str) -> Path:
    """A folder that is not there yet: pictures of another run left in it would be taken for this run's."""
    path = Path(folder) / name
    if path.exists():
        raise FileExistsError(f"{path} is there already. Delete it or write to another folder.")
    return path


PARTS = {"digits": digits, "video": video, "detection": detection, "image-text": image_text}


def main() -> None:
    parser = argparse.ArgumentParser(description="Write small data sets of handwritten digits.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=PARTS, help="write this part alone")
    parser.add_argument("--small", action="store_true", help="about a quarter of everything")
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else PARTS:
        try:
            counts = PARTS[name](arguments.folder, arguments.seed, arguments.small)
        except FileExistsError as error:
            parser.error(str(error))
        print(f"{name:<10}  " + ", ".join(f"{split} {count}" for split, count in counts.items()))


if __name__ == "__main__":
    main()
