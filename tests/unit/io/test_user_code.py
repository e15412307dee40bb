"""Import of code that the configuration names."""

import re
import sys
from pathlib import Path

import pytest

from cifarbench.errors import UserError
from cifarbench.io import user_code
from cifarbench.planning.model_family import read_parameters


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/helper.py").write_text("WIDTH = 7\n")
    (tmp_path / "own/model.py").write_text("from helper import WIDTH\n\nclass Model:\n    width = WIDTH\n")
    (tmp_path / "own/broken.py").write_text("raise RuntimeError('on purpose')\n")
    (tmp_path / "own/wrong.py").write_text("def f(:\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("own.") or name == "helper"]:
        del sys.modules[name]


def test_objects_are_imported_from_packages_and_files(folder):
    from sklearn.svm import LinearSVC

    assert user_code.import_object("sklearn.svm.LinearSVC", "key") is LinearSVC
    found = user_code.import_object("own/model.py:Model", "key")
    assert found.width == 7
    assert user_code.import_object("own/model.py:Model", "key") is found
    assert (found.__module__, found.__qualname__) == ("own.model", "Model")


def test_files_of_the_same_name_in_another_folder_are_imported(folder, monkeypatch):
    user_code.import_object("own/model.py:Model", "key")
    other = folder / "other"
    (other / "own").mkdir(parents=True)
    (other / "own/model.py").write_text("class Model:\n    width = 8\n")
    monkeypatch.chdir(other)
    assert user_code.import_object("own/model.py:Model", "key").width == 8


def test_file_does_not_replace_a_library(folder):
    (folder / "numpy.py").write_text("class Model: pass\n")
    with pytest.raises(UserError, match="numpy is the name of a library; rename the file"):
        user_code.import_object("numpy.py:Model", "models.m.module")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("sklearn.svm.LinearSVCC", "sklearn.svm has no LinearSVCC"),
        ("sklearn.swm.LinearSVC", "sklearn.swm can't be imported (ModuleNotFoundError: No module named"),
        ("own/model.py:Modell", "own/model.py has no Modell"),
        ("own/modell.py:Model", "has no file own/modell.py"),
        ("own/broken.py:Model", "can't be imported (RuntimeError: on purpose)"),
        ("own/wrong.py:f", "can't be imported (SyntaxError: invalid syntax"),
    ],
)
def test_invalid_references_are_refused(folder, reference, message):
    with pytest.raises(UserError) as caught:
        user_code.import_object(reference, "models.m.module")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_schema_has_a_pattern_of_references():
    pattern = read_parameters("network")["module"].schema["pattern"]
    good = ["sklearn.svm.LinearSVC", "my_models/wide.py:WideNet", "wide.py:Net", "../a-b/c.py:D"]
    bad = ["LinearSVC", "wide.py", "wide.py:", "a b.C", "os.system('x')", ":Net", ""]
    assert all(re.match(pattern, text) for text in good)
    assert not any(re.match(pattern, text) for text in bad)
