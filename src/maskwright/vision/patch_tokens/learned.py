"""The learned vector in place of a hidden patch, and its way back from a saved model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maskwright.errors import ConfigError
from maskwright.vision.patch_tokens.families import Place

NAME = "mask_token"


def provide(place: Place, folder: str | Path | None) -> None:
    """Make sure that the embeddings have a mask token; take its value from a saved model's folder if one is given.

    A new one is zero, as in Transformers. Where the configuration knows `use_mask_token` it is set, so that
    `from_pretrained` makes the token itself; elsewhere `from_pretrained` reports the tensor as unexpected and leaves
    it out, and `folder` brings it back.

    Raises:
        ConfigError: no such tensor in the folder's safetensors files, or one of another size.
    """
    import torch

    embeddings, weight = place.embeddings, place.projection.weight
    if getattr(embeddings, NAME, None) is None:
        token: Any = torch.nn.Parameter(weight.new_zeros(1, 1, weight.shape[0]))
        token.made_here = True  # who freezes the rest of a model lets it learn
        setattr(embeddings, NAME, token)
        if hasattr(place.tower.config, "use_mask_token"):
            place.tower.config.use_mask_token = True
    if folder is not None:
        token = getattr(embeddings, NAME)
        saved = _saved(Path(folder))
        if saved.numel() != token.numel():
            raise ConfigError(f"{folder}: its mask token has {saved.numel()} numbers, this model's {token.numel()}.")
        with torch.no_grad():
            token.copy_(saved.reshape(token.shape))


def _saved(folder: Path) -> Any:
    from safetensors import safe_open

    for path in _files(folder):
        with safe_open(path, framework="pt") as file:
            names = [name for name in file.keys() if f".{name}".endswith(f".embeddings.{NAME}")]  # noqa: SIM118
            if names:
                return file.get_tensor(names[0])
    raise ConfigError(
        f"{folder}: no tensor '...embeddings.{NAME}' in its safetensors files. Give the folder of a model that was "
        "saved with a mask token, or leave folder out to begin with a new one."
    )


def _files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return [folder / name for name in sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))]
    return [path for path in [folder / "model.safetensors"] if path.is_file()]
