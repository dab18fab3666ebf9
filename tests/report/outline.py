"""An HTML page taken apart."""

from dataclasses import dataclass
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "hr", "path", "use"}


@dataclass
class Element:
    """A tag with its attributes and all text inside."""

    tag: str
    attributes: dict
    text: str = ""


class Outline(HTMLParser):
    """Collects tags, ids and text, and checks that elements nest."""

    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.open, self.text, self.elements = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        self.elements.append(Element(tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.text.append(data)
        for element in self.open:
            element.text += data


def parse(page):
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    return outline
