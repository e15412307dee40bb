"""Predictions from files: supported layouts, and refusal of invalid files."""

from pathlib import Path

import numpy as np
import pandas
import pytest

from cifarbench.errors import UserError
from cifarbench.models.predictions.reader import TestSet, read_predictions

CLASSES = ["cat", "dog", "frog"]
Y_TRUE = np.array([0, 1, 2, 2])
TEST_SET = TestSet(CLASSES, Y_TRUE)
PROBA = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0, 0, 1], [0.1, 0.7, 0.2]])
LABELS = PROBA.argmax(axis=1)
NAMES = [CLASSES[label] for label in LABELS]
SHUFFLED = [2, 0, 3, 1]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def rows(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def of_labels(header: str, first: list, second: list) -> str:
    return rows(header, *(f"{first[i]},{second[i]}" for i in SHUFFLED))


def of_keras(path: Path) -> Path:
    """Write the output of a Keras model's predict with numpy.savetxt."""
    np.savetxt(path, PROBA, delimiter=",")
    return path


def of_pandas(path: Path) -> Path:
    """Write columns of class numbers and an unnamed index column with pandas."""
    pandas.DataFrame(PROBA).iloc[SHUFFLED].to_csv(path)
    return path


@pytest.mark.parametrize(
    ("text", "with_proba"),
    [
        (of_labels("index,label", [0, 1, 2, 3], NAMES), False),
        (of_labels("Index,Prediction", [0, 1, 2, 3], [*map(str, LABELS)]), False),
        (of_labels("index;label", [0, 1, 2, 3], NAMES).replace(",", ";"), False),
        (of_labels("file,label", [f"images/{i:05}.png" for i in range(4)], NAMES), False),
        (rows("label", *NAMES), False),
        (rows(*NAMES), False),
        (rows(*(f"{label:.18e}" for label in LABELS)), False),
        (of_keras, True),
        (of_pandas, True),
        (rows("cat,dog,frog", *(",".join(map(str, row)) for row in PROBA)), True),
        (
            rows("frog,index,cat,dog", *(f"{PROBA[i, 2]},{i},{PROBA[i, 0]},{PROBA[i, 1]}" for i in SHUFFLED)),
            True,
        ),
    ],
)
def test_layouts_of_a_csv_are_read(tmp_path, text, with_proba):
    path = tmp_path / "theirs.csv"
    path = text(path) if callable(text) else write(path, text)
    y_pred, proba, has_probabilities = read_predictions(path, TEST_SET)
    assert y_pred.tolist() == LABELS.tolist() and y_pred.dtype == np.int64
    assert has_probabilities == with_proba
    np.testing.assert_allclose(proba, PROBA if with_proba else np.eye(3)[LABELS], atol=1e-6)


def test_file_names_of_user_images_are_read(tmp_path):
    test_set = TestSet(CLASSES, Y_TRUE, [f"{name}/{i}.jpg" for i, name in enumerate("abcd")])
    path = write(tmp_path / "theirs.csv", of_labels("file,label", test_set.files, NAMES))
    assert read_predictions(path, test_set)[0].tolist() == LABELS.tolist()
    path = write(tmp_path / "theirs.csv", of_labels("file,label", ["0.png", *test_set.files[1:]], NAMES))
    with pytest.raises(UserError, match=r"1 image \(0.png\) unknown, 1 image \(0\) missing"):
        read_predictions(path, test_set)


@pytest.mark.parametrize("digits", [["7", "1", "0"], ["0", "1", "2"]])
def test_numeric_class_names_are_names(tmp_path, digits):
    path = write(tmp_path / "theirs.csv", rows("label", *(digits[label] for label in LABELS)))
    assert read_predictions(path, TestSet(digits, Y_TRUE))[0].tolist() == LABELS.tolist()
    # Integers of an array are not names.
    np.savez(tmp_path / "theirs.npz", y_pred=LABELS)
    assert read_predictions(tmp_path / "theirs.npz", TestSet(digits, Y_TRUE))[0].tolist() == LABELS.tolist()
    path.write_text(rows("label", "7", "1", "5", "0"))
    with pytest.raises(UserError, match=r"1 prediction of unknown classes \(5\)"):
        read_predictions(path, TestSet(["7", "1", "0"], Y_TRUE))


@pytest.mark.parametrize(
    ("arrays", "with_proba"),
    [
        ({"y_pred": LABELS}, False),
        ({"y_pred": np.array(NAMES)}, False),
        ({"proba": PROBA}, True),
        ({"y_pred": LABELS, "proba": PROBA, "y_true": Y_TRUE}, True),
    ],
)
def test_arrays_of_an_npz_are_read(tmp_path, arrays, with_proba):
    np.savez(tmp_path / "theirs.npz", **arrays)
    y_pred, _, has_probabilities = read_predictions(tmp_path / "theirs.npz", TEST_SET)
    assert y_pred.tolist() == LABELS.tolist() and has_probabilities == with_proba


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            rows("index,label", "0,cat", "1,dog", "1,dog", "7,cat", "x,cat"),
            r"has 2 images \(7, x\) unknown, 1 image \(1\) more than once, 2 images \(2, 3\) missing; "
            r"write one row for each of 4 test images, index 0 to 3\.",
        ),
        (
            rows("label", "cat", "bat", "cow", "bat"),
            r"has 3 predictions of unknown classes \(bat, cow\); the classes are cat, dog, frog\.",
        ),
        (
            rows("cat,dog,frog", "3,1,2", "0.2,0.3,0.5", "1,1,0", "-1,1,1"),
            r"has 3 images whose probabilities are negative, no numbers, or do not sum to 1 "
            r"\(index and sum 0: 6, 2: 2, 3: 1\); apply softmax to scores\.",
        ),
        (
            rows("cat,dog,frog", "a,0,1", *["1,0,0"] * 3),
            r"has 1 cell of text in place of probabilities \(a\)",
        ),
        (rows("cat,dog,frog", "1,0", *["1,0,0"] * 3), r"has 1 row of fewer than 3 cells \(1\)"),
        (rows("label", "cat", "dog"), r"has 2 rows and no column index or file"),
        (
            rows("index,cat,dog", "0,1,0"),
            r"has neither a column label nor one for each class .*\(index, cat, dog\)",
        ),
        ("", r"is empty; write a row for each of 4 test images"),
    ],
)
def test_invalid_csv_files_end_in_one_sentence(tmp_path, text, sentence):
    path = write(tmp_path / "theirs.csv", text)
    with pytest.raises(UserError, match=f"^{path} {sentence}") as error:
        read_predictions(path, TEST_SET)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"x": LABELS}, "has neither y_pred nor proba"),
        ({"y_pred": LABELS[:3]}, r"labels of the shape \(3,\); give \(4,\)"),
        ({"proba": PROBA[:, :2]}, r"probabilities of the shape \(4, 2\); give \(4, 3\)"),
        ({"proba": PROBA.astype(str)}, "probabilities of the type <U"),
        (
            {"y_pred": LABELS, "y_true": Y_TRUE[::-1]},
            r"other labels \(y_true\) .* for 4 images \(0, 1, 2, ...\)",
        ),
        ({"y_pred": np.array([{}], object)}, "can't be read as .npz"),
    ],
)
def test_invalid_npz_files_are_refused(tmp_path, arrays, sentence):
    np.savez(tmp_path / "theirs.npz", **arrays)
    with pytest.raises(UserError, match=sentence):
        read_predictions(tmp_path / "theirs.npz", TEST_SET)
