"""A finder of names that needs no model: it knows its values in advance. The trained finder is tested with `models`."""

from ticketing.privacy.placeholders import Span


class Finder:
    """Finds the first place of every value that it was given."""

    version = "1"

    def __init__(self, *values: tuple[str, str]) -> None:
        self.values = values

    def find(self, texts):
        return [
            [
                Span(text.index(value), text.index(value) + len(value), kind)
                for value, kind in self.values
                if value in text
            ]
            for text in texts
        ]


JOHN = Finder(("John Smith", "PERSON"))
