"""Small runs of masked-image, and pictures hidden in them."""

import json

import torch

from maskwright import tasks
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.tasks.examples import Hidden

DROP = {"pattern": "iid", "budget": 0.75, "fill": "drop", "unit": "patch"}
TOKEN = {**DROP, "budget": 0.5, "fill": "mask-token"}
SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
task = tasks.get("masked-image")


def config(pictures, model="scratch:tiny", masking=None, **more):
    """A run on pictures of 8 x 8 pixels."""
    data = {"train": str(pictures), "validation_share": 0.4, "size": 8, "patch": 2}
    data |= {"patch": None} if model != "scratch:tiny" else {}
    node = {"task": "masked-image", "model": str(model), "data": data, "masking": masking or DROP, **more}
    return parse_config(node)


def encoded(run):
    """The training split."""
    return task.encode(run.data.train, run.reader, run.config, data=run.data)


def hide(run, n=4, masking=None):
    """Some training pictures, hidden."""
    examples = encoded(run)
    return examples.hide(examples.batch(range(n)), masking or run.config.masking, Moment())


def one_of(hidden, row):
    """One example of a batch."""
    inputs = {name: values[row : row + 1] for name, values in hidden.inputs.items()}
    return Hidden(inputs, {}, torch.ones(1), 1, hidden.share[row : row + 1])


def asked(model, hidden):
    """[B, 3] what the model answers."""
    with torch.no_grad():
        return torch.from_numpy(task.predict(model, hidden, None))


def save(run, folder, model):
    """As the model folder of a run."""
    model.save_pretrained(folder)
    run.reader.save_pretrained(folder)
    (folder / "maskwright.json").write_text(json.dumps({"fill": "drop"}))
