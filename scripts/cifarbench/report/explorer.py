"""The explorer of predictions: one offline page with all test images and the predictions of all models."""

import base64
import gzip
import hashlib
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from cifarbench.audit.image_index import NEAR_MISS, kept_indices
from cifarbench.evaluation.metrics import interval_share
from cifarbench.io.csv_io import Row
from cifarbench.report.explorer_neighbors import FORMAT, Neighbors, pack_neighbors, thumbnail_side
from cifarbench.report.templating import TEMPLATES, bundle_modules, jinja_environment, line
from cifarbench.report.translation import Translator, mark
from cifarbench.runtime.failures import Failure

# Pixels: longest side of a thumbnail, and side of a sheet, which browsers of phones still decode.
MAX_PIXELS = 64
SHEET_SIDE = 2048
# Pixels: WebP averages colours over blocks, so that a thumbnail on a multiple of it does not colour the next one.
BLOCK = 16
QUALITY = 85
# Probabilities of the most probable classes are kept.
MAX_RANKS = 10
MAX_UINT16 = 65_535
# Of more classes, the matrix shows those with the most errors.
MAX_MATRIX_CLASSES = 100
N_MATRIX_CLASSES = 40
# Kinds of findings, as bits.
DUPLICATE, LABEL_ISSUE, IMAGE_ISSUE, SIMILAR = 1, 2, 4, 8
# The modules of the page, each after those that it imports.
MODULES = "data lists state selection thumbnails models matrix grid neighbors detail map main"
SCRIPTS = ["csv", *(f"explorer/{module}" for module in MODULES.split())]

# What the scripts of the page say; `{n}` and others are placeholders.
MESSAGES = {
    "count": mark("{n} of {total} images"),
    "image": mark("test image {n}"),
    "true_class": mark("true class: {name}"),
    "predicted_class": mark("{model}: {name}"),
    "percent": mark("{n}%"),
    "cell": mark("true class {true}, predicted class {predicted}: {value}"),
    "collect": mark("Collect test image {n}"),
    "collected": mark("Collected: {n}. New labels: {m}."),
    "interval": mark("{low}\N{EN DASH}{high}"),
    "right": mark("right"),
    "wrong": mark("wrong"),
    "probabilities": mark("Probabilities of test image {n}"),
    "only": mark("only"),
    "only_right": mark("only {model} is right"),
    "no_findings": mark("none"),
    "voting": mark("{model}: {n} training images that voted"),
    "nearest": mark("{model}: the nearest {n} of {k} training images that voted"),
    "neighbor": mark("training image {n}"),
    "distance": mark("distance {value}"),
}


@dataclass(frozen=True)
class ModelPredictions:
    """The predictions of one model for the images of the page.

    predicted: (n,) int. proba: (n, n_classes) float32; None for a model that predicts classes only. neighbors: None for
    a model without them.
    """

    name: str
    predicted: np.ndarray
    proba: np.ndarray | None
    neighbors: Neighbors | None = None


# ---- Thumbnails ----


def thumbnail_sheets(
    pixels: np.ndarray,
    rows: np.ndarray,
    image_shape: list[int],
    max_side: int = MAX_PIXELS,
    *,
    block: int = BLOCK,
    quality: int = QUALITY,
) -> tuple[dict[str, int], list[bytes]]:
    """Return the layout of the thumbnails, in pixels, and the sheets as WebP.

    pixels: (N, channels * height * width) uint8, which may be mapped from a file. rows: (n,) those of the images. Image
    i of them is on sheet i // perSheet, in rows of `columns` cells. max_side: of a thumbnail. block: sides of cells are
    multiples of it. quality: of WebP.
    """
    _, height, width = image_shape
    scale = min(1, max_side / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    cell_width, cell_height = (-(-side // block) * block for side in size)
    columns = SHEET_SIDE // cell_width
    per_sheet = columns * (SHEET_SIDE // cell_height)
    sheets = []
    for start in range(0, len(rows), per_sheet):
        # One by one, since large images would fill the memory.
        images = np.stack(
            [_thumbnail(pixels[row], image_shape, size) for row in rows[start : start + per_sheet]]
        )
        padding = ((0, 0), (0, cell_height - size[1]), (0, cell_width - size[0]), (0, 0))
        sheets.append(_encode_webp(_tile(np.pad(images, padding, mode="edge"), columns), quality))
    layout = {"width": size[0], "height": size[1], "cellWidth": cell_width, "cellHeight": cell_height}
    return layout | {"columns": columns, "perSheet": per_sheet}, sheets


def _thumbnail(values: np.ndarray, shape: list[int], size: tuple[int, int]) -> np.ndarray:
    """Return an image as (height, width, 3) uint8, scaled to a size (width, height)."""
    image = np.asarray(values).reshape(shape).transpose(1, 2, 0)
    image = np.ascontiguousarray(image if shape[0] == 3 else np.repeat(image[..., :1], 3, axis=2))
    return image if size == (shape[2], shape[1]) else np.asarray(Image.fromarray(image).resize(size))


def _tile(images: np.ndarray, columns: int) -> np.ndarray:
    """Return images (N, height, width, 3) side by side, in rows of `columns`."""
    n_rows = -(-len(images) // columns)
    columns = min(columns, len(images))
    missing = n_rows * columns - len(images)
    images = np.concatenate([images, np.zeros((missing, *images.shape[1:]), np.uint8)])
    _, height, width, _ = images.shape
    grid = images.reshape(n_rows, columns, height, width, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(n_rows * height, columns * width, 3)


def _encode_webp(image: np.ndarray, quality: int) -> bytes:
    written = io.BytesIO()
    Image.fromarray(image).save(written, "WEBP", quality=quality, method=4)
    return written.getvalue()


# ---- Numbers ----


def model_arrays(model: ModelPredictions, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the page has of a model, in uint16: probabilities are in units of 1/65535.

    labels: (n,) true classes. `classes` and `proba` are (n * k,): the k most probable classes of each image, and their
    probabilities.
    """
    arrays = {"predicted": model.predicted.astype(np.uint16)}
    if model.proba is None:
        return arrays
    proba = np.round(np.clip(model.proba, 0, 1) * MAX_UINT16).astype(np.uint16)
    order = np.argsort(-model.proba, axis=1, kind="stable")[:, :MAX_RANKS]
    images = np.arange(len(labels))
    return arrays | {
        "confidence": proba[images, model.predicted],
        "probaTrue": proba[images, labels],
        "classes": order.astype(np.uint16).ravel(),
        "proba": np.take_along_axis(proba, order, axis=1).ravel(),
    }


def pack(arrays: dict[str, np.ndarray]) -> tuple[list[dict[str, Any]], bytes]:
    """Return arrays one after the other, compressed, and where each is: `name`, `type`, `offset` in bytes, `length`."""
    content, entries = bytearray(), []
    for name, array in arrays.items():
        # A typed array must begin at a multiple of its item size.
        content += bytes(-len(content) % 8)
        entry = {"name": name, "type": array.dtype.name, "offset": len(content), "length": array.size}
        entries.append(entry)
        content += array.astype(array.dtype.newbyteorder("<")).tobytes()
    return entries, gzip.compress(bytes(content), 9, mtime=0)


def matrix_classes(labels: np.ndarray, models: list[ModelPredictions], n_classes: int) -> list[int]:
    """Return the classes that the confusion matrix shows, ascending: all, or those with the most errors."""
    if n_classes <= MAX_MATRIX_CLASSES:
        return list(range(n_classes))
    errors = np.zeros(n_classes, int)
    for model in models:
        wrong = model.predicted != labels
        errors += np.bincount(labels[wrong], minlength=n_classes)
        errors += np.bincount(model.predicted[wrong], minlength=n_classes)
    return np.sort(np.argsort(-errors, kind="stable")[:N_MATRIX_CLASSES]).tolist()


# ---- Findings of the audit ----


def read_findings(
    indices: np.ndarray, tables: dict[str, list[Row]], say: Translator
) -> tuple[dict[str, np.ndarray], dict[int, list[str]]]:
    """Return what the page has of an audit: arrays, and row -> sentences.

    indices: (n,) those of the images, in the archive. tables: `duplicates`, `labels` and `images`, the rows of the
    audit's tables; empty without an audit. `findingKinds` (n,) uint8 has a bit for each kind; `duplicateScore` and
    `labelScore` (n,) float32 are 0 for other images.
    """
    sentences: Any = jinja_environment(say).get_template("audit_sentences.j2").module
    row_of = {("test", index): row for row, index in enumerate(indices.tolist())}
    kinds = np.zeros(len(indices), np.uint8)
    duplicate_score, label_score = np.zeros((2, len(indices)), np.float32)
    texts: dict[int, list[str]] = {}

    def add(row: int, kind: int, text: str) -> None:
        kinds[row] |= kind
        texts.setdefault(row, []).append(text)

    for pair in tables.get("duplicates", []):
        kind = SIMILAR if pair["type"] == NEAR_MISS else DUPLICATE
        for side, other in ("ab", "ba"):
            row = row_of.get((pair[f"split_{side}"], pair[f"index_{side}"]))
            if row is None:
                continue
            sentence = (
                mark("{type}: training image {n}, score {score}")
                if pair[f"split_{other}"] == "train"
                else mark("{type}: test image {n}, score {score}")
            )
            kind_of_pair, score = line(sentences.duplicate_type(pair["type"])), say.number(pair["score"], 2)
            add(row, kind, say(sentence, type=kind_of_pair, n=pair[f"index_{other}"], score=score))
            duplicate_score[row] = max(duplicate_score[row], pair["score"])
    for finding in tables.get("labels", []):
        if (row := row_of.get((finding["split"], finding["index"]))) is not None:
            text = say("label issue: predicted label {name}", name=finding["predicted_label"])
            add(row, LABEL_ISSUE, text)
            label_score[row] = finding["issue_score"]
    for finding in tables.get("images", []):
        if (row := row_of.get((finding["split"], finding["index"]))) is not None:
            add(row, IMAGE_ISSUE, line(sentences.issue(finding["issue"])))
    return {"findingKinds": kinds, "duplicateScore": duplicate_score, "labelScore": label_score}, texts


# ---- The page ----


@dataclass(frozen=True)
class ExplorerData:
    """What the explorer shows.

    dataset: the content of dataset.json. pixels: (N, D) uint8, of all test images. rows, labels: (n,) int, those of the
    page, and their true classes. train_pixels: (N_train, D) uint8. train_labels: (N_train,) int. models: those that did
    not fail. failed: why others did. tables: see `read_findings`. paths: files by split and index in the archive; None
    for an archive. embedding: the content of embedding.npz and embedding.json; None without a map.
    """

    dataset: dict[str, Any]
    pixels: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    train_pixels: np.ndarray
    train_labels: np.ndarray
    models: list[ModelPredictions]
    failed: dict[str, Failure]
    tables: dict[str, list[Row]]
    paths: dict[str, list[str]] | None
    embedding: dict[str, Any] | None


def render(data: ExplorerData, language: str) -> str:
    """Return the page as HTML."""
    say = Translator(language)
    indices = kept_indices(data.dataset, "test")[data.rows]
    finding_arrays, sentences = read_findings(indices, data.tables, say)
    layout, sheets = thumbnail_sheets(data.pixels, data.rows, data.dataset["image_shape"])
    neighbors, neighbor_arrays, neighbor_sheets = _neighbors(data)
    entries, packed = pack(_all_arrays(data, indices, finding_arrays) | neighbor_arrays)
    has_map = data.embedding is not None
    meta = {
        "dataset": data.dataset["dataset"],
        "nImages": len(data.rows),
        "classes": data.dataset["classes"],
        "matrixClasses": matrix_classes(data.labels, data.models, len(data.dataset["classes"])),
        "models": [{"name": model.name, "hasProba": model.proba is not None} for model in data.models],
        "nRanks": min(len(data.dataset["classes"]), MAX_RANKS),
        "thumbnails": layout,
        "arrays": entries,
        "findings": sentences,
        "paths": _files(data, "test", indices),
        "neighbors": neighbors,
        "hasMap": has_map,
        "intervalShare": interval_share(data.dataset),
        "messages": {name: say.term(text) for name, text in MESSAGES.items()},
        # Collected images are kept in the browser under this name.
        "storageKey": "cifarbench-" + hashlib.sha256(packed).hexdigest()[:16],
    }
    style = "\n".join(
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "explorer.css")
    )
    script = bundle_modules(*SCRIPTS)
    return (
        jinja_environment(say)
        .get_template("explorer.html.j2")
        .render(
            dataset=data.dataset,
            models=data.models,
            failed=data.failed,
            n_images=len(data.rows),
            n_test=len(data.pixels),
            has_audit=bool(data.tables),
            has_map=has_map,
            embedding=data.embedding,
            policy=content_security_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            meta=Markup(to_html_json(meta)),
            packed=base64.b64encode(packed).decode(),
            sheets={
                kind: [base64.b64encode(sheet).decode() for sheet in of_kind]
                for kind, of_kind in (("test", sheets), ("train", neighbor_sheets))
            },
        )
    )


def _all_arrays(
    data: ExplorerData, indices: np.ndarray, findings: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {
        "index": indices.astype(np.uint32),
        "trueClass": data.labels.astype(np.uint16),
        **findings,
    }
    if data.embedding is not None:
        arrays |= {"mapX": data.embedding["coordinates"][:, 0], "mapY": data.embedding["coordinates"][:, 1]}
    for number, model in enumerate(data.models):
        of_model = model_arrays(model, data.labels)
        arrays |= {f"{number}/{name}": array for name, array in of_model.items()}
    return arrays


def _neighbors(data: ExplorerData) -> tuple[dict[str, Any] | None, dict[str, np.ndarray], list[bytes]]:
    """Return facts on the models' neighbours (None without any), arrays of them, and sheets of their thumbnails."""
    models = {
        number: model.neighbors for number, model in enumerate(data.models) if model.neighbors is not None
    }
    if not models:
        return None, {}, []
    rows, arrays, facts = pack_neighbors(models)
    indices = kept_indices(data.dataset, "train")[rows]
    arrays |= {
        "trainIndex": indices.astype(np.uint32),
        "trainClass": data.train_labels[rows].astype(np.uint16),
    }
    layout: dict[str, int] | None = None
    sheets: list[bytes] = []
    if side := thumbnail_side(len(rows)):
        shape = data.dataset["image_shape"]
        layout, sheets = thumbnail_sheets(data.train_pixels, rows, shape, side, **FORMAT)
    return {"models": facts, "thumbnails": layout, "paths": _files(data, "train", indices)}, arrays, sheets


def _files(data: ExplorerData, split: str, indices: np.ndarray) -> list[str] | None:
    return [data.paths[split][index] for index in indices.tolist()] if data.paths else None


def to_html_json(content: Any) -> str:
    """Return JSON for a script element: no text in it can end the element."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def content_security_policy(style: str, script: str) -> str:
    """Return the policy of a page with this style and script: nothing is loaded but images that are in the page."""

    def checksum(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; img-src data:; style-src {checksum(style)}; script-src {checksum(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
