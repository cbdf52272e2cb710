import re
import warnings
from xml.etree import ElementTree as ET

import pytest

from reports.plots import confusion_matrix_svg, coverage_accuracy_svg, learning_curve_svg, reliability_svg, scores_svg

PLOTS = {
    "confusion matrix": lambda: confusion_matrix_svg(["payment", "售后"], [[9, 1], [0, 10]]),
    "coverage": lambda: coverage_accuracy_svg([0.5, 1.0], [1.0, 0.9], 0.98),
    "reliability": lambda: reliability_svg([(0.5, 0.6, 10), (0.9, 0.9, 90)]),
    "learning curve": lambda: learning_curve_svg([(1, 0.5), (2, 0.9)], "macro_f1"),
    "scores": lambda: scores_svg(["tuned", "base"], [50.0, 9.0], [45.0, 8.0], [55.0, 10.0], "en"),
}


def elements_of(svg):
    return list(ET.fromstring(svg).iter())  # noqa: S314


@pytest.mark.parametrize("plot", PLOTS)
def test_plot_loads_nothing(plot):
    svg = PLOTS[plot]()
    elements = elements_of(svg)
    names = {name.split("}")[-1] for element in elements for name in [element.tag, *element.attrib]}
    assert not names & {"script", "src"}
    linked = [value for element in elements for name, value in element.attrib.items() if name.endswith("href")]
    assert all(value.startswith(("#", "data:image/png")) for value in [*linked, *re.findall(r"url\(([^)]*)", svg)])
    assert "@import" not in svg


@pytest.mark.parametrize("name", ["cost $5_$ x", "物流 & 售后", "</text><script>alert(1)</script>", "a--b"])
def test_confusion_matrix_accepts_any_category_name(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = confusion_matrix_svg([name, "payment"], [[1, 0], [0, 1]])
    assert "<script>" not in svg
    texts = ["".join(element.itertext()) for element in elements_of(svg) if element.tag.endswith("text")]
    assert texts.count(name) == 2
