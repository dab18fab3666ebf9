"""What cannot be used gives one clear message and exit code 2, never a traceback.

Each case is (name, files, arguments, fragments): files are written into an empty folder (a function is called with its
path instead), the arguments are typed there, and the message must hold every fragment.
"""

import subprocess
import sys

import pytest

from maskwright import cli

RUN = "model: scratch:tiny\ndata: {train: train.csv}\nmasking: none\n"
GOOD = "text,label\n" + "".join(f"review number {i},{'good' if i % 2 else 'bad'}\n" for i in range(20))
CHECK = ["check", "run.yaml"]
TRAIN = ["train", "run.yaml"]


def files(**changed):
    """The files of a good run with some changed; `run` and `train` stand for run.yaml and train.csv."""
    names = {"run": "run.yaml", "train": "train.csv", "test": "test.csv"}
    return {names[name]: content for name, content in ({"run": RUN, "train": GOOD} | changed).items()}


def row(text, where=3):
    """The good table with one row written otherwise."""
    lines = GOOD.splitlines()
    lines[where] = text
    return "\n".join(lines) + "\n"


CONFIGURATION = [
    ("no file", files(), ["check", "rnu.yaml"], ["rnu.yaml: there is no such file"]),
    ("a folder", files(), ["check", "."], ["this is a folder, not a run configuration"]),
    ("not YAML", files(run="model: [a\n"), CHECK, ["run.yaml: this is not valid YAML", "line 2"]),
    ("not keys and values", files(run="- a\n"), CHECK, ["expected keys and values", "found a list"]),
    ("empty", files(run=""), CHECK, ["found an empty file"]),
    ("not text", files(run=b"\xff\xfe\x00"), CHECK, ["cannot be read as UTF-8 text"]),
    ("unknown key", files(run=RUN + "traning: {}\n"), CHECK, ["unknown key 'traning'. Did you mean 'training'?"]),
    ("unknown nested key", files(), [*CHECK, "training.epoch=1"], ["unknown key 'training.epoch'", "'epochs'"]),
    ("key without default", files(run="data: {train: a.csv}\n"), CHECK, ["the key 'model' is missing"]),
    (
        "out of range",
        files(),
        [*CHECK, "training.learning_rate=-1"],
        ["training.learning_rate", "greater than 0", "-1"],
    ),
    ("wrong kind", files(), [*CHECK, "training.batch_size=many"], ["training.batch_size", "'many'"]),
    (
        "no such choice",
        files(),
        [*CHECK, "training.dtype=fp8"],
        ["training.dtype", "'auto', 'bf16' or 'fp32'", "'fp8'"],
    ),
    ("two things", files(), [*CHECK, "a.b=1", "training.ema=0.9"], ["unknown key 'a'", "ema=0.9"]),
    ("no value", files(), [*CHECK, "training.seed"], ["'training.seed': expected key=value"]),
    (
        "unknown pattern",
        files(),
        [*CHECK, "masking={pattern: spam, budget: {ratio: 0.3}, fill: zero}"],
        ["spam", "'span'"],
    ),
    ("a pattern for images", files(), [*CHECK, "masking=beit"], ["Blockwise is not for text"]),
    ("a pattern that needs scores", files(), [*CHECK, "masking=tiacbm"], ["needs scores", "cannot give"]),
    ("a fill for denoising", files(), [*CHECK, "masking=t5"], ["Sentinel is for sequence-to-sequence"]),
    (
        "a pattern that fails",
        files(),
        [*CHECK, "masking={pattern: {'tests.engine.test_corrupt:Crooked': {}}, budget: 0.3, fill: mask-token}"],
        ["tried on 64 tokens it fails", "Crooked has to return a bool mask"],
    ),
    ("unknown metric", files(), [*CHECK, "evaluation.metrics=[acuracy]"], ["evaluation.metrics", "'accuracy'"]),
    ("unknown task", files(), [*CHECK, "task=text-clasification"], ["no task", "'text-classification'"]),
    ("no module of a task", files(), [*CHECK, "task=nowhere:TASK"], ["no module 'nowhere'", "current folder"]),
    (
        "something else in place of a task",
        {**files(), "no_task_at_all.py": "TASK = 3\n"},
        [*CHECK, "task=no_task_at_all:TASK"],
        ["expected a maskwright.tasks.contract.Task, given int"],
    ),
    (
        "an objective the task does not learn",
        files(),
        [*CHECK, "objective=reconstruct"],
        ["objective: text-classification learns supervised or consistency"],
    ),
    ("views without a masking", files(), [*CHECK, "objective=consistency"], ["something must be hidden"]),
    ("answers that are not generated", files(), [*CHECK, "generation={beams: 4}"], ["are not generated; leave it out"]),
    ("no steps", files(), [*CHECK, "training.max_steps=0"], ["training.max_steps", "greater than or equal to 1"]),
    ("ratio above 1", files(), [*CHECK, "masking={pattern: iid, budget: {ratio: 1.3}, fill: zero}"], ["ratio", "1.3"]),
]

DATA = [
    ("missing file", files(), [*CHECK, "data.train=trian.csv"], ["there is no such file", "Did you mean 'train.csv'?"]),
    ("a folder of data", files(), [*CHECK, "data.train=."], ["data.train is a folder, not a file"]),
    ("unknown extension", {**files(), "a.doc": "x"}, [*CHECK, "data.train=a.doc"], ["'.doc'", "Known: .csv"]),
    ("empty file", files(train=""), CHECK, ["train.csv: the file is empty"]),
    ("header only", files(train="text,label\n"), CHECK, ["there is only a header"]),
    ("not UTF-8", files(train=b"text,label\ncaf\xe9,a\n"), CHECK, ["train.csv, line 2: byte 0xe9", "iconv"]),
    ("open quote", files(train=row('"open,good')), CHECK, ["train.csv, line 4: a quote is opened and never closed"]),
    ("unequal row", files(train=row("one, two,good")), CHECK, ["row 3 (line 4): the row has 3 values"]),
    ("column not there", files(), [*CHECK, "data.label=Label"], ["no column 'Label'", "data.label: 'label'"]),
    ("no header", files(train=GOOD.split("\n", 1)[1]), CHECK, ["the header is 'review number 0', 'bad'"]),
    ("empty text", files(train=row(",good")), CHECK, ["row 3 (line 4), column 'text': the text is empty"]),
    ("blank text", files(train=row("  ,good")), CHECK, ["the text is only blanks: '  '"]),
    ("unlabelled row", files(train=row("a text,")), CHECK, ["row 3 (line 4), column 'label': the row has no label"]),
    ("lost label", files(train=row("a text,NaN")), CHECK, ["'NaN' is how a program writes a missing value"]),
    ("label in other case", files(train=row("a text,Good")), CHECK, ["'Good' (1 row) differs from 'good' (10 rows)"]),
    ("tiny class", files(train=row("a text,odd")), CHECK, ["class 'odd' has 1 row", "fewer than the 2 splits need"]),
    ("one class", files(train=GOOD.replace("bad", "good")), CHECK, ["every row has the same label, 'good'"]),
    (
        "duplicate across splits",
        files(test="text,label\nnew one,bad\nReview number 4,bad\n"),
        [*CHECK, "data.test=test.csv"],
        ["row 5 (line 6), column 'text': 'review number 4' is also in test (test.csv, row 2 (line 3))"],
    ),
    (
        "unknown label",
        files(test="text,label\nnew one,bda\nnew two,good\n"),
        [*CHECK, "data.test=test.csv"],
        ["the label 'bda' (1 row) is in test but not in train. Did you mean 'bad'?"],
    ),
    ("missing variant", files(), [*CHECK, "data.variants={removed: tex}"], ["no column 'tex' (data.variants.removed)"]),
    (
        "bad JSON",
        {**files(), "a.jsonl": '{"text": 1,}\n'},
        [*CHECK, "data.train=a.jsonl"],
        ["a.jsonl, line 1", "not JSON"],
    ),
    (
        "damaged Parquet",
        {**files(), "a.parquet": "PAR1"},
        [*CHECK, "data.train=a.parquet"],
        ["not a whole Parquet file"],
    ),
    ("split not there", files(), [*CHECK, "data.dataset=.", "data.train=dev"], ["no file of a split 'dev'", "train"]),
    (
        "no data set offline",
        files(),
        [*CHECK, "data.dataset=no-such/name"],
        ["could not be found or fetched", "data.dataset"],
    ),
]

FINISHED = (
    '{"format": 2, "status": "finished", "fill": "mask-token", "data_fingerprint": "x", "seed": 0, '
    '"model_files": ["config.json", "model.safetensors"]}'
)


def run_folder(**changed):
    """A run folder under `run/` as far as a refusal looks at it; `info`, `config`, `model` and `weights` can change."""
    names = {
        "info": "run/maskwright.json",
        "config": "run/run.yaml",
        "model": "run/model/config.json",
        "weights": "run/model/model.safetensors",
    }
    content = {"info": FINISHED, "config": RUN, "model": "{}", "weights": ""} | changed
    return {**files(), **{names[name]: text for name, text in content.items() if text is not None}}


NUMBERS = "masking={pattern: iid, budget: 0.3, fill: zero}"
UNFIT = [
    ("fill for numbers", files(), [*CHECK, NUMBERS], ["fill: zero puts numbers into cells", "mask-token"]),
    ("no such size", files(), [*CHECK, "model=scratch:huge"], ["no size 'huge'", "small, tiny"]),
    ("no such test pattern", files(), [*CHECK, "evaluation.patterns=[spam]"], ["evaluation.patterns", "'span'"]),
]
EVALUATE = ["evaluate", "run"]
RUN_FOLDERS = [
    ("no run folder", files(), ["evaluate", "runs/first"], ["runs/first: there is no such folder"]),
    ("no run named", files(), ["evaluate", "evaluation.draws=5"], ["no run folder is given"]),
    ("some other folder", {**files(), "run/notes.txt": ""}, EVALUATE, ["run: this is not a run folder"]),
    (
        "interrupted run",
        run_folder(info=FINISHED.replace("finished", "interrupted")),
        EVALUATE,
        ["training has not finished", "interrupted", "same maskwright train command"],
    ),
    ("cut-off maskwright.json", run_folder(info=FINISHED[:20]), EVALUATE, ["run/maskwright.json", "damaged"]),
    ("empty maskwright.json", run_folder(info=""), EVALUATE, ["run/maskwright.json", "damaged"]),
    ("of a later version", run_folder(info='{"format": 99, "version": "9.0"}'), EVALUATE, ["9.0", "Update maskwright"]),
    ("of an earlier version", run_folder(info='{"format": 1, "version": "0.1"}'), EVALUATE, ["0.1", "Train the run"]),
    ("model deleted", run_folder(model=None), EVALUATE, ["run/model/config.json: missing", "train again"]),
    ("weights deleted", run_folder(weights=None), EVALUATE, ["model.safetensors: missing", "train again"]),
    ("run.yaml deleted", run_folder(config=None), EVALUATE, ["its configuration cannot be read", "no such file"]),
    ("run.yaml edited badly", run_folder(config=RUN + "a: 1\n"), EVALUATE, ["run.yaml: unknown key 'a'"]),
    ("data changed", run_folder(config=RUN + "training: {output: run}\n"), EVALUATE, ["the data has changed"]),
    ("other fill", run_folder(), [*EVALUATE, "masking.fill=zero"], ["trained with the fill 'mask-token'"]),
    ("other model", run_folder(), [*EVALUATE, "model=other"], ["cannot be changed; only evaluation.*"]),
    (
        "folder in use",
        {**files(), "run/thesis.txt": ""},
        [*TRAIN, "training.output=run"],
        ["holds other files", "thesis"],
    ),
    ("output is a file", files(), [*TRAIN, "training.output=train.csv"], ["train.csv", "choose another folder"]),
    (
        "same folder, other settings",
        run_folder(info=FINISHED.replace("finished", "running")),
        [*TRAIN, "training.output=run", "training.seed=7"],
        ["holds a run with other settings", "training.seed: 0 -> 7"],
    ),
]

CASES = CONFIGURATION + UNFIT + DATA + RUN_FOLDERS


def write(folder, content):
    for name, text in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(("content", "arguments", "fragments"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_one_clear_message(tmp_path, monkeypatch, capsys, content, arguments, fragments):
    content(tmp_path) if callable(content) else write(tmp_path, content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["maskwright", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    out, err = capsys.readouterr()
    assert stopped.value.code == 2, out + err
    assert out == ""
    # What was being done may stand before it, each on a line; the message comes once, and last.
    before, found, _ = err.partition("error: ")
    assert found
    assert all(line.endswith(" ...") for line in before.splitlines()), before
    assert "Traceback" not in err
    assert all(fragment in err for fragment in fragments), err


def test_the_good_run_passes(tmp_path, monkeypatch, capsys):
    write(tmp_path, files())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["maskwright", *CHECK])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert not stopped.value.code
    assert "ready" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["unknown key", "empty text"])
def test_in_a_process_of_its_own(tmp_path, name):
    _, content, arguments, fragments = next(case for case in CASES if case[0] == name)
    write(tmp_path, content)
    command = [sys.executable, "-m", "maskwright", *arguments]
    ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert all(fragment in ended.stderr for fragment in fragments), ended.stderr


def test_every_case_has_its_own_name():
    names = [case[0] for case in CASES]
    assert len(names) == len(set(names))
    assert len(names) >= 25
