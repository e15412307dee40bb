"""Write the parts of the documentation that are generated: configuration reference, file reference, rule graph."""

from pathlib import Path

from cifarbench.cli.config_reference import config_reference
from cifarbench.cli.file_reference import file_reference
from cifarbench.cli.rulegraph import write_stage_chart
from cifarbench.io.markdown_sections import replace_section


def main(folder: Path) -> None:
    """Write the generated parts of the pages in a folder. folder: docs/ of a clone, which is the current folder."""
    replace_section(folder / "configuration.md", "make docs", config_reference())
    replace_section(folder / "files.md", "make docs", file_reference())
    write_stage_chart(folder / "architecture.svg")
