"""Messages of the report from gettext catalogues, and numbers by Babel, in one language."""

import gettext
import io
from pathlib import Path

from babel.core import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

CATALOGUES = Path(__file__).parent / "locale"
SOURCE_LANGUAGE = "en"


class Translator:
    """Messages and numbers in one language. Calling it translates a message.

    catalogues: folders of further catalogues, for the messages of other packages.
    """

    def __init__(self, code: str, *catalogues: Path):
        self.code = code
        self.locale = Locale.parse(code)
        self._messages = _catalogue(CATALOGUES, code)
        for folder in catalogues:
            self._messages.add_fallback(_catalogue(folder, code))

    def say(self, message: str, **values: object) -> str:
        """Return a message in this language; `{name}` is a placeholder."""
        return self._messages.gettext(message).format(**values)

    __call__ = say

    def term(self, text: str) -> str:
        """Return the translation of a text such as a family label; the text itself if there is none."""
        return self._messages.gettext(text) if text else text

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """Return the form of a message for the number `n`; `{n}` is replaced by it."""
        return self._messages.ngettext(one, many, n).format(n=self.whole(n), **values)

    def number(self, value: float | None, digits: int = 3) -> str:
        """Return a number with `digits` decimals; a dash for None."""
        if value is None:
            return "\N{EN DASH}"
        # Rounding can leave a negative zero.
        rounded = round(value, digits) + 0.0
        text = format_decimal(rounded, format="#,##0" + "." * bool(digits) + "0" * digits, locale=self.locale)
        return text.replace("-", "\N{MINUS SIGN}")

    def signed(self, value: float, digits: int = 3) -> str:
        """Return a number with its sign."""
        text = self.number(value, digits)
        return "+" + text if round(value, digits) > 0 else text

    def whole(self, value: float | None) -> str:
        """Return an integer with thousands separators."""
        return self.number(value, 0)

    def percent(self, value: float, digits: int = 0) -> str:
        """Return a fraction in percent."""
        return _no_break(self.say("{n}%", n=self.number(100 * value, digits)))

    def significant(self, value: float) -> str:
        """Return a positive number with about three significant digits."""
        digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 4
        return self.number(value, digits)

    def p_value(self, value: float) -> str:
        """Return a p-value as part of a sentence."""
        if value < 0.001:
            return self.say("p < {n}", n=self.number(0.001))
        return self.say("p = {n}", n=self.number(value))

    def seconds(self, value: float | None) -> str:
        """Return a duration in a suitable unit with two significant digits; a dash for None."""
        if value is None:
            return self.number(None)
        if value < 0.001:
            return _no_break(self.say("{n} µs", n=self._two_digits(value * 1e6)))
        if value < 1:
            return _no_break(self.say("{n} ms", n=self._two_digits(value * 1e3)))
        if value < 120:
            return _no_break(self.say("{n} s", n=self._two_digits(value)))
        if value < 7200:
            return _no_break(self.say("{n} min", n=self._two_digits(value / 60)))
        return _no_break(self.say("{n} h", n=self._two_digits(value / 3600)))

    def _two_digits(self, value: float) -> str:
        rounded = float(f"{value:.2g}")
        return self.number(rounded, 0 if rounded >= 10 else 1)

    def megabytes(self, value: float | None) -> str:
        """Return a size, given in MB (10^6 bytes), in a suitable unit; a dash for None."""
        if value is None:
            return self.number(None)
        if value < 0.1:
            return _no_break(self.say("{n} kB", n=self.significant(value * 1e3)))
        if value < 1000:
            return _no_break(self.say("{n} MB", n=self.significant(value)))
        return _no_break(self.say("{n} GB", n=self.significant(value / 1e3)))

    def listed(self, items: list[str]) -> str:
        """Return items as part of a sentence: a, b and c."""
        if len(items) < 2:
            return "".join(items)
        return self.say("{items} and {last}", items=", ".join(items[:-1]), last=items[-1])


def _no_break(text: str) -> str:
    """Return a number and its unit without a line break between them."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def mark(message: str) -> str:
    """Return a message, marked for the catalogues; `term` translates it later."""
    return message


def languages() -> list[str]:
    """Return the languages in which the report can be written."""
    return [SOURCE_LANGUAGE, *sorted(path.stem for path in CATALOGUES.glob("*.po"))]


def _catalogue(folder: Path, code: str) -> gettext.NullTranslations:
    if code == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    # Compiled here, so that no binary file can be out of date.
    compiled = io.BytesIO()
    with (folder / f"{code}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
