"""Numbers in names count as numbers."""

from maskwright.data.media.numeric_order import natural_order


def test_order():
    names = ["f10.png", "f9.PNG", "F1.png", "f09b.png", "10", "9", "", "a", "²", "f1.png"]
    expected = ["", "9", "10", "a", "F1.png", "f1.png", "f9.PNG", "f09b.png", "f10.png", "²"]
    assert sorted(names, key=natural_order) == expected
