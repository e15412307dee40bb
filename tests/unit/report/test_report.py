"""The page and the Markdown of a run."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from string import Formatter

import pytest
import yaml
from altered import on_cifar10, subset, with_accuracy, with_fit, with_models
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from cifarbench.errors import UserError
from cifarbench.families import FAMILY_LABELS
from cifarbench.report import view as report
from cifarbench.report.figures import inline_svg
from cifarbench.report.results import ModelResult, Results
from cifarbench.report.translation import CATALOGUES, Translator, languages
from helpers import small_run

NBSP = "\N{NO-BREAK SPACE}"
VOID = {"meta", "link", "img", "br", "path", "circle", "use", "rect"}


@pytest.fixture(scope="module", params=languages())
def page(request: pytest.FixtureRequest, run: Results) -> str:
    return report.render(run, small_run.settings(request.param))[0]


class Elements(HTMLParser):
    """The start tags of a page with their attributes, and the tags that are not closed."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def all(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]


def test_page_is_well_formed_and_self_contained(page: str):
    elements = Elements(page)
    assert elements.open == []
    ids = elements.all("id")
    assert len(ids) == len(set(ids))
    links = [link for name in ("href", "xlink:href") for link in elements.all(name)]
    inner = {link[1:] for link in links if link.startswith("#")}
    assert len(inner) > 20
    assert inner <= set(ids)
    # The explorer is a separate page in the same folder.
    beside = ("#", "data:", "explorer.html")
    assert [link for link in links + elements.all("src") if not link.startswith(beside)] == []
    assert "@import" not in page
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    assert len(page.encode()) < 5_000_000


def test_every_figure_has_alternative_text(run: Results, page: str):
    tags = Elements(page).tags
    # Exclude the overlays that link cells of a confusion matrix to the explorer.
    drawings = [attrs for tag, attrs in tags if tag == "svg" and "aria-hidden" not in attrs]
    assert len(drawings) == 4 + 6 * 3 + 2 + 1
    assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 30 for attrs in drawings)
    images = [attrs for tag, attrs in tags if tag == "img"]
    alone = [images["count"] for images in run.agreement["correct_by_one"].values()]
    assert len(images) == bool(run.agreement["correct_by_none"]["count"]) + any(alone) + 1 + 6 * 2
    assert all(len(attrs["alt"]) > 30 for attrs in images)


def test_first_screen_answers_the_main_questions(study: Results):
    doubtful = on_cifar10(study, official=False)
    _, markdown = report.render(doubtful, small_run.settings())
    best = study.ranking[0]
    say = Translator("en")
    for words in (
        # The best model, its interval, and its cost.
        f"`{best.name}` has the highest accuracy, {say.number(best.accuracy)} (95% CI ",
        f"`{best.name}` takes {say.seconds(best.fit['fit_seconds'])} to fit, ",
        # Warnings.
        "**Warning.** The images are not from the official archive",
        "each model was trained with one seed",
        # Provenance.
        "Seed 0 · ",
        f"scikit-learn {best.fit['versions']['scikit-learn']}",
        "(UTC)",
    ):
        assert words in markdown.partition("\n| ")[0], words


def test_names_of_users_are_escaped(run: Results):
    names = ["<b>&\"'|`*x*", *run.dataset["classes"][1:]]

    def renamed(model: ModelResult) -> ModelResult:
        per_class = dict(zip(names, model.metrics["per_class"].values(), strict=True))
        top3 = dict.fromkeys(["precision", "recall", "f1"], names[:3])
        return replace(model, metrics=model.metrics | {"per_class": per_class, "top3": top3})

    odd = replace(
        with_models(run, *map(renamed, run.models.values())), dataset=run.dataset | {"classes": names}
    )
    settings = small_run.settings()
    settings["report"]["title"] = "</title><script>alert(1)</script>"
    html, markdown = report.render(odd, settings)
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html
    assert "<script>alert" not in html
    rows = [line for line in markdown.splitlines() if line.startswith("| `<b>")]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
    # Outside of code spans, the markup in names is escaped.
    text = re.sub(r"`[^`]*`", "", markdown)
    assert not {"<b>", "<script>", "</title>"} & set(re.findall(r"(?<!\\)<[^>]*>", text))


def test_published_results_are_shown_on_cifar10(study: Results):
    html, markdown = report.render(study, small_run.settings())
    assert '<td data-value="0.34">0.34</td>' in html
    assert "Test accuracy, next to that of the reference notebook." in html
    selected = (
        "The notebook&#39;s search selected <code>n_neighbors</code> 10 and <code>n_components</code> 64."
    )
    assert selected in html
    assert "| Published |" in markdown


@pytest.mark.parametrize("official", [True, False])
def test_report_names_the_archive(run: Results, official: bool):
    html, markdown = report.render(on_cifar10(run, official), small_run.settings())
    for text in (html, markdown):
        assert f"It is {'' if official else 'not '}the official archive." in text
        assert run.dataset["archive"]["sha256"] in text
    own = on_cifar10(run, official)
    archive = own.dataset["archive"] | {"source": "the user's own"}
    _, markdown = report.render(
        replace(own, dataset=own.dataset | {"archive": archive}), small_run.settings()
    )
    assert "from an archive that the user supplied (" in markdown


def test_epochs_count_from_one(run: Results):
    mlp = run.models["mlp"]
    learning = mlp.learning | {"lowest_test_loss": {"epoch": 30, "value": 0.5}}
    _, markdown = report.render(with_models(run, replace(mlp, learning=learning)), small_run.settings())
    assert "The test loss is lowest in epoch 31 of 60, at 0.500." in markdown


def test_seeds_have_a_column(run: Results):
    mlp = run.models["mlp"]
    other = with_fit(with_accuracy(mlp, mlp.accuracy - 0.01), seed=1)
    several = with_models(run, replace(mlp, other_seeds=[other]))
    html, markdown = report.render(several, small_run.settings())
    say = Translator("en")
    spread = f"{say.number(mlp.accuracy - 0.005)} ± 0.007"
    assert spread in html
    assert f"| {say.number(mlp.accuracy)} |" in markdown
    assert f"| {spread} |" in markdown
    assert "Mean over seeds" not in report.render(run, small_run.settings())[0]


def test_run_of_one_model_has_a_report(run: Results):
    for name in ("knn_raw", "mlp"):
        html, _ = report.render(subset(run, (name,)), small_run.settings())
        assert "Pairwise comparisons" not in html
        assert f"model-{name}" in html


def test_page_is_reproducible_and_shows_its_configuration(run: Results, page: str):
    language = re.search('<html lang="(.*?)"', page)[1]
    assert report.render(run, small_run.settings(language))[0] == page
    shown = re.search(r"<pre tabindex=\"0\"><code>(dataset:.*?)</code></pre>", page, re.DOTALL)[1]
    assert yaml.safe_load(shown) == small_run.settings()["configuration"]


def test_markdown_fits_into_a_pull_request(run: Results):
    markdown = report.render(run, small_run.settings())[1]
    # GitHub's limit for a description.
    assert len(markdown) < 65_536
    assert markdown.count("<details>") == markdown.count("</details>") == len(run.models)
    assert "\n\n\n\n" not in markdown
    tables = re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE)
    # The checks, the comparison, the ablation, and the classes of each model.
    assert len(tables) == 3 + len(run.models)
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_missing_file_is_named(run: Results):
    files = [path for path in run.files.values() if path.name != "dataset.json"]
    with pytest.raises(UserError, match=r"data/dataset\.json is not among the files of the report"):
        Results.read(small_run.shared(), files)


# ---- SVG ----


def test_ids_of_svg_figures_are_unique():
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="144pt" '
        'height="72pt" viewBox="0 0 144 72"><style>*{fill: red}</style><defs><clipPath id="a"/></defs>'
        '<g clip-path="url(#a)" style="fill: url(#a)"><use xlink:href="#a"/></g><text>epoch 7</text></svg>'
    )
    placed = inline_svg(drawing, "one-", "A drawing", {"epoch {n}": "эпоха {n}"})
    assert 'id="one-a"' in placed
    assert placed.count("url(#one-a)") == 2
    assert 'href="#one-a"' in placed
    assert "<style>" not in placed
    assert 'max-width: 192px"' in placed
    assert 'aria-label="A drawing"' in placed
    assert ">эпоха 7<" in placed


# ---- Languages ----


@pytest.fixture(scope="module")
def messages() -> set[str | tuple[str, ...]]:
    with (CATALOGUES / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"say": None, "plural": (1, 2), "mark": None}
    found = extract_from_dir(CATALOGUES.parent, methods, options, keywords)
    return {message for _, _, message, _, _ in found} | set(FAMILY_LABELS)


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_message_catalogue_is_complete(code: str, messages: set[str | tuple[str, ...]]):
    assert len(messages) > 200
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        catalogue = {message.id: message for message in read_po(file, locale=code) if message.id}
    assert set(catalogue) == messages
    for source, message in catalogue.items():
        assert not message.fuzzy
        sources = [source] if isinstance(source, str) else source
        texts = [message.string] if isinstance(source, str) else message.string
        assert all(texts), source
        assert {fields(text) for text in texts} == {fields(text) for text in sources}, source


def fields(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


def test_russian_counts_and_numbers():
    say = Translator("ru")
    forms = [say.plural("{n} model", "{n} models", n) for n in (1, 3, 6, 21)]
    assert forms == ["1 модель", "3 модели", "6 моделей", "21 модель"]
    assert say.number(0.5126) == "0,513"
    assert say.whole(50000) == "50\N{NO-BREAK SPACE}000"
    assert say.percent(0.5) == "50\N{NO-BREAK SPACE}%"


def test_numbers_are_formatted():
    say = Translator("en")
    assert say.signed(-0.0314) == "\N{MINUS SIGN}0.031"
    assert say.signed(0.0314) == "+0.031"
    assert say.signed(-0.0001) == "0.000"
    durations = [say.seconds(s) for s in (0.0000123, 0.0123, 12.3, 1230, 12300)]
    assert " ".join(durations).replace(NBSP, "_") == "12_µs 12_ms 12_s 20_min 3.4_h"
    sizes = [say.megabytes(mb) for mb in (0.0123, 1.234, 1234)]
    assert " ".join(sizes).replace(NBSP, "_") == "12.3_kB 1.23_MB 1.23_GB"
    assert [say.p_value(p) for p in (0.0002, 0.0456)] == ["p < 0.001", "p = 0.046"]
    assert say.listed(["a", "b", "c"]) == "a, b and c"
