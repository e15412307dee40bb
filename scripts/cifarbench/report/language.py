"""What the report says, in the language of its reader: messages from gettext catalogues, numbers by Babel."""

import gettext
import io
from pathlib import Path

from babel.core import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

CATALOGUES = Path(__file__).parent / "locale"
SOURCE_LANGUAGE = "en"


class Language:
    """Messages and numbers of one language. Calling it says a message.

    catalogues: further folders of them, of rooms that say more than the report does.
    """

    def __init__(self, code: str, *catalogues: Path):
        self.code = code
        self.locale = Locale.parse(code)
        self._messages = _catalogue(CATALOGUES, code)
        for folder in catalogues:
            self._messages.add_fallback(_catalogue(folder, code))

    def say(self, message: str, **values: object) -> str:
        """The message in this language; `{name}` stands for a value."""
        return self._messages.gettext(message).format(**values)

    __call__ = say

    def term(self, text: str) -> str:
        """A text that others have chosen, such as a kind of models; as it is where the catalogue lacks it."""
        return self._messages.gettext(text) if text else text

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """The form of the message that the number `n` asks for; `{n}` stands for it."""
        return self._messages.ngettext(one, many, n).format(n=self.whole(n), **values)

    def number(self, value: float | None, digits: int = 3) -> str:
        """A number with so many digits after the point; a dash for none."""
        if value is None:
            return "\N{EN DASH}"
        # Rounding can leave a negative zero, which nobody wants to read.
        rounded = round(value, digits) + 0.0
        text = format_decimal(rounded, format="#,##0" + "." * bool(digits) + "0" * digits, locale=self.locale)
        return text.replace("-", "\N{MINUS SIGN}")

    def signed(self, value: float, digits: int = 3) -> str:
        """A difference, with its sign."""
        text = self.number(value, digits)
        return "+" + text if round(value, digits) > 0 else text

    def whole(self, value: float | None) -> str:
        """A whole number, with its thousands marked."""
        return self.number(value, 0)

    def percent(self, value: float, digits: int = 0) -> str:
        """A share of 1, in percent."""
        return _together(self.say("{n}%", n=self.number(100 * value, digits)))

    def significant(self, value: float) -> str:
        """A positive number with about three figures that count."""
        digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 4
        return self.number(value, digits)

    def p_value(self, value: float) -> str:
        """A p-value as it stands in a sentence."""
        if value < 0.001:
            return self.say("p < {n}", n=self.number(0.001))
        return self.say("p = {n}", n=self.number(value))

    def seconds(self, value: float | None) -> str:
        """A duration, in the unit that suits it; a dash for none."""
        if value is None:
            return self.number(None)
        if value < 0.001:
            return _together(self.say("{n} µs", n=self.significant(value * 1e6)))
        if value < 1:
            return _together(self.say("{n} ms", n=self.significant(value * 1e3)))
        if value < 120:
            return _together(self.say("{n} s", n=self.significant(value)))
        if value < 7200:
            return _together(self.say("{n} min", n=self.significant(value / 60)))
        return _together(self.say("{n} h", n=self.significant(value / 3600)))

    def megabytes(self, value: float) -> str:
        """A size that is given in MB (10^6 bytes), in the unit that suits it."""
        if value < 0.1:
            return _together(self.say("{n} kB", n=self.significant(value * 1e3)))
        if value < 1000:
            return _together(self.say("{n} MB", n=self.significant(value)))
        return _together(self.say("{n} GB", n=self.significant(value / 1e3)))

    def listed(self, items: list[str]) -> str:
        """Several things in a sentence: a, b and c."""
        if len(items) < 2:
            return "".join(items)
        return self.say("{items} and {last}", items=", ".join(items[:-1]), last=items[-1])


def _together(text: str) -> str:
    """A number and its unit, which no line break parts."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def mark(message: str) -> str:
    """Mark a message for the catalogues; it is translated later, by `term`."""
    return message


def languages() -> list[str]:
    """The languages in which the report can be written."""
    return [SOURCE_LANGUAGE, *sorted(path.stem for path in CATALOGUES.glob("*.po"))]


def _catalogue(folder: Path, code: str) -> gettext.NullTranslations:
    if code == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    # Compiled here: no binary file beside the catalogue that could lag behind it.
    compiled = io.BytesIO()
    with (folder / f"{code}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
