"""The suite page in a real browser."""


def test_the_heat_map_sorts_and_missing_cells_stay_last(open_page):
    page = open_page("suite")
    # The second dataset lacks a model.
    head = page.locator("#summary thead th").nth(2)
    for _ in range(2):
        head.get_by_role("button").click()
        cells = page.locator("#summary tbody td:nth-child(3)").all()
        assert [cell.get_attribute("data-value") == "" for cell in cells] == [False] * (len(cells) - 1) + [
            True
        ]
    assert "absent" in cells[-1].get_attribute("class")


def test_the_cell_of_the_best_model_has_its_own_color(open_page):
    page = open_page("suite")
    colors = page.locator("#summary tbody td:nth-child(2)").evaluate_all(
        "cells => cells.map(cell => [cell.className, getComputedStyle(cell).backgroundColor])"
    )
    assert len({color for name, color in colors if "best" in name}) == 1
    assert len({color for _, color in colors}) == len(colors)
