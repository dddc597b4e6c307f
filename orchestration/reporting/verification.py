"""Verifies that the HTML of a report prints only figures of its ledger and quoted data; otherwise the build fails."""

import re
from collections.abc import Mapping

from lxml import html

from core.problems import Problem
from orchestration.reporting.ledger import Figure

# Attribute of elements whose text is quoted data: posts, keywords, names, URLs, SQL, definitions.
QUOTED = "data-quoted"
FIGURE = "data-figure"
# Attributes that readers or screen readers present.
_PRESENTED = ("title", "alt", "aria-label", "placeholder")
_INVISIBLE = ("style", "script")
# Claims to cover more than the platforms collected.
_OVERCLAIMS = ("全网", "whole web", "entire web", "entire internet", "whole internet")
_LOADING = {"src", "srcset", "poster", "data", "background"}


class VerificationProblem(Problem):
    """A report prints something that is neither a figure of its ledger nor quoted data; one line per finding."""


def verify(page: str, figures: Mapping[str, Figure], language: str) -> None:
    """Raise VerificationProblem with all findings in a page; language: "zh" or "en"."""
    problems = unverified(page, figures, language)
    if problems:
        raise VerificationProblem("\n".join(problems))


def unverified(page: str, figures: Mapping[str, Figure], language: str) -> list[str]:
    """All findings in a page, a line each: digits outside figures and quoted data, figures that differ from the ledger,
    dead links, external resources, and claims to cover more than was collected.
    """
    tree = html.document_fromstring(page)
    problems: list[str] = []
    targets = {element.get("id") for element in tree.iter() if isinstance(element.tag, str) and element.get("id")}
    for element in tree.iter():
        if not isinstance(element.tag, str):
            problems.append(f"HTML comment: {str(element)[:80]}")
            continue
        if element.tag in _INVISIBLE:
            if re.search(r"@import|url\(\s*['\"]?(?!data:|#)", element.text or ""):
                problems.append(f"<{element.tag}> loads an external resource")
            continue
        figure_id = element.get(FIGURE)
        if figure_id is not None:
            problems += _figure(element, figure_id, figures, language)
        if not _is_backed(element):
            problems += _text(element.tag, element.text)
            for name in _PRESENTED:
                problems += _text(f"{element.tag} {name}", element.get(name))
        parent = element.getparent()
        if parent is not None and not _is_backed(parent):
            problems += _text(parent.tag, element.tail)
        problems += _links(element, targets)
    return problems


def _is_backed(element: html.HtmlElement) -> bool:
    while element is not None:
        if element.get(FIGURE) is not None or element.get(QUOTED) is not None:
            return True
        element = element.getparent()
    return False


def _figure(element: html.HtmlElement, figure_id: str, figures: Mapping[str, Figure], language: str) -> list[str]:
    figure = figures.get(figure_id)
    if not figure:
        return [f"{figure_id} is not in the ledger"]
    text = "".join(element.itertext())
    if text != figure.shown(language):
        return [f"{figure_id} is printed as {text!r}; the ledger has {figure.shown(language)!r}"]
    return []


def _text(where: str, text: str | None) -> list[str]:
    if not text:
        return []
    place = f"<{where}>: {text.strip()[:80]!r}"
    # Not str.isnumeric, which also matches 一.
    problems = [f"{place} contains a number that is not a figure"] if re.search(r"\d", text) else []
    return problems + [f"{place} claims {claim}" for claim in _OVERCLAIMS if claim in text.lower()]


def _links(element: html.HtmlElement, targets: set[str | None]) -> list[str]:
    loaded = [str(element.get(name)) for name in sorted(_LOADING & set(element.attrib))]
    problems = [f"<{element.tag}> loads {address}" for address in loaded if not address.startswith("data:")]
    href = element.get("href", "")
    if href.startswith("#") and href[1:] not in targets:
        problems.append(f"dead link to {href}")
    if element.tag == "link" and not href.startswith("data:"):
        problems.append(f"<link> loads {href}")
    return problems
