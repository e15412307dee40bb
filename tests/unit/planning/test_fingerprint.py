"""Fingerprints of scripts, which change only with the code that the script runs."""

import os
from pathlib import Path

import pytest

from cifarbench.planning import fingerprint as provenance


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    package = tmp_path / "cifarbench"
    (package / "plots").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plots" / "__init__.py").write_text("")
    (package / "plots" / "style.py").write_text("COLOUR = 1\n")
    (package / "near.py").write_text("from cifarbench import far\n")
    (package / "far.py").write_text("def f():\n    from cifarbench.plots.style import COLOUR\n")
    (package / "unused.py").write_text("")
    (tmp_path / "job.py").write_text("import numpy\nfrom cifarbench.near import far\n")
    (tmp_path / "page.html").write_text("<p>")
    return tmp_path


def fingerprint(scripts: Path, *patterns: str) -> str:
    for cached in (provenance._library, provenance._modules_named_in, provenance._checksum):
        cached.cache_clear()
    return provenance.code_fingerprint(scripts / "job.py", *patterns)


@pytest.mark.parametrize(
    "name", ["job.py", "cifarbench/near.py", "cifarbench/far.py", "cifarbench/plots/style.py"]
)
def test_edits_of_imported_modules_change_the_fingerprint(scripts, name):
    before = fingerprint(scripts)
    (scripts / name).write_text((scripts / name).read_text() + "# edited\n")
    assert fingerprint(scripts) != before


def test_other_files_and_times_do_not_change_the_fingerprint(scripts):
    before = fingerprint(scripts)
    (scripts / "cifarbench/unused.py").write_text("x = 1\n")
    (scripts / "page.html").write_text("<b>")
    os.utime(scripts / "job.py", (0, 0))
    assert fingerprint(scripts) == before


def test_files_matching_patterns_change_the_fingerprint(scripts):
    before = fingerprint(scripts, "*.html")
    (scripts / "page.html").write_text("<b>")
    assert fingerprint(scripts, "*.html") != before


def test_cached_imports_equal_parsed_ones(scripts, tmp_path, monkeypatch):
    kept = tmp_path / "kept/imports.json"
    before = fingerprint(scripts)
    provenance.save_import_cache(kept)

    monkeypatch.setattr(provenance, "_imports", {})
    provenance.load_import_cache(kept)
    with monkeypatch.context() as patched:
        patched.setattr(provenance.ast, "parse", lambda *_, **__: pytest.fail("parsed again"))
        assert fingerprint(scripts) == before
    (scripts / "cifarbench/near.py").write_text("from cifarbench import unused\n")
    assert fingerprint(scripts) != before


def test_caches_of_other_versions_are_ignored(scripts, tmp_path):
    before = fingerprint(scripts)
    for content in ("{", '{"by": "other", "imports": {"1": []}}'):
        (tmp_path / "kept.json").write_text(content)
        provenance.load_import_cache(tmp_path / "kept.json")
        assert "1" not in provenance._imports_before
        assert fingerprint(scripts) == before
