"""The examples run as they are, offline, in seconds."""

import runpy
import sys

from maskwright.masking import Masking
from maskwright.tasks import load_config
from tests.examples.markdown import ROOT
from tests.examples.test_vision_examples import VISION

EXAMPLES = ROOT / "examples"


def run(name, monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


def test_every_example_is_tested_here():
    found = {path.name for path in EXAMPLES.iterdir() if path.is_file()}
    assert found == {
        "masked_bert.py",
        "hf_trainer.py",
        "torch_loop.py",
        "topics.yaml",
        "vision_data.py",  # tests/examples/test_vision_data.py
        "run_all.py",  # tests/examples/test_vision_examples.py, and the configurations it runs:
        *(f"{name}.yaml" for name in VISION),
        "fill_matrix.py",  # tests/examples/test_fill_matrix.py
        "from_scratch.py",  # tests/tasks/reconstruction/test_masked_image.py
        "text_regression.py",  # along docs/add-a-task.md, whose code test_docs.py runs
        *("token-classification.yaml", "token_classification.py", "tagging_data.py"),  # test_token_classification.py
        *("translation.yaml", "translation.py"),  # test_translation.py
    }


def test_masked_bert(monkeypatch, capsys):
    out = run("masked_bert.py", monkeypatch, capsys)
    assert out.count("logits ") == 3
    assert "[MASK]" in out
    counts = out.rsplit("text 3: ", 1)[1].strip()
    assert set(counts.strip("[]").split(", ")) == {"0", "1"}, "5 words at 10 %: sometimes one, sometimes none"


def test_masked_bert_takes_texts_and_ratios(monkeypatch, capsys):
    out = run("masked_bert.py", monkeypatch, capsys, "--text", "one two three four", "--ratio", "1")
    assert "[CLS] [MASK] [MASK] [MASK] [MASK] [SEP]" in out
    assert "hidden  4 of 4 words" in out


def test_hf_trainer_masks_training_and_not_evaluation(monkeypatch, capsys):
    masked = []
    call = Masking.__call__

    def watched(self, batch, **facts):
        masked.append((facts["moment"].epoch, len(batch["input_ids"])))
        return call(self, batch, **facts)

    monkeypatch.setattr(Masking, "__call__", watched)
    out = run("hf_trainer.py", monkeypatch, capsys, "--epochs", "2")
    assert "accuracy on whole sentences" in out
    # 21 training sentences in batches of 8, twice; the 9 evaluation sentences are not masked.
    assert masked == [(0, 8), (0, 8), (0, 5), (1, 8), (1, 8), (1, 5)]


def test_hf_trainer_takes_the_collator_in_one_line():
    lines = (EXAMPLES / "hf_trainer.py").read_text("utf-8").splitlines()
    assert [line for line in lines if "maskwright." in line and "import" not in line] == [
        '        maskwright.preset("automask").collator(tokenizer).attach(trainer)  # <--- the one line'
    ]


def test_torch_loop_learns(monkeypatch, capsys):
    out = run("torch_loop.py", monkeypatch, capsys)
    losses = [float(line.split()[-1]) for line in out.splitlines() if line.startswith("epoch")]
    assert losses[-1] < losses[0]
    assert "accuracy on whole sentences: 1.00" in out


def test_topics_is_a_configuration_of_at_most_12_lines(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert len((EXAMPLES / "topics.yaml").read_text("utf-8").splitlines()) <= 12
    config = load_config("examples/topics.yaml")
    assert config.masking == Masking.from_dict("automask")
    assert config.data.duplicates == "drop"
