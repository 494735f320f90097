"""Pages of reports, taken apart."""

import base64
from html.parser import HTMLParser
from io import BytesIO

import matplotlib.pyplot as plt

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """A page in parts; parsing fails where tags are not closed in their order."""

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.tables, self.texts = [], [], {}, {}
        self.feed(path.read_text("utf-8"))
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "caption":
            self.caption = ""
        elif tag == "tr":
            self.rows.append([])
        elif tag == "table":
            self.rows = []
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "table":
            self.tables[self.caption] = self.rows

    def handle_data(self, text):
        tag = self.open[-1] if self.open else ""
        self.texts[tag] = self.texts.get(tag, "") + text
        if tag == "caption":
            self.caption += text
        elif tag in ("td", "th"):
            self.rows[-1][-1] += text

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def names(self):
        return [attributes["id"] for attributes in self.all("section")]

    def table(self, start):
        """Return the rows, without names, of the table whose caption begins so."""
        (rows,) = [rows for text, rows in self.tables.items() if text.startswith(start)]
        return rows[1:]


def images(page):
    """Return the images of a page as arrays."""
    arrays = []
    for attributes in page.all("img"):
        head, data = attributes["src"].split(",")
        assert head == "data:image/png;base64"
        arrays.append(plt.imread(BytesIO(base64.b64decode(data, validate=True))))
    return arrays
