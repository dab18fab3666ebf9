"""What training and evaluation say while they are at work."""

from maskwright.cli.display import watching
from maskwright.train.progress import Event


def test_a_note_is_said_once_and_all_else_each_time(capsys):
    with watching() as watch:
        for _ in range(2):
            watch(Event("note", "three texts were cut"))
            watch(Event("validation", "", step=1, steps=2, epoch=0.5, numbers={"accuracy": 0.5}))
        watch(Event("note", "another"))
    said = capsys.readouterr().err
    assert said.count("note: three texts were cut") == 1
    assert said.count("note: another") == 1
    assert said.count("validation accuracy 0.500") == 2
