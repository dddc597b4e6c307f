"""Whether a report's HTML prints nothing but figures of its ledger and quoted data. A build fails where it does not."""

import re
from collections.abc import Mapping

from lxml import html

from core.problems import Problem
from orchestration.reporting.ledger import Figure

# Of elements whose text is data and stands as it was found: posts, keywords, names, addresses, SQL, definitions.
QUOTED = "data-quoted"
FIGURE = "data-figure"
# Attributes that a reader sees or hears.
_SPOKEN = ("title", "alt", "aria-label", "placeholder")
_UNSEEN = ("style", "script")
# What four platforms are not.
_BOASTS = ("全网", "whole web", "entire web", "entire internet", "whole internet")
_LOADED = {"src", "srcset", "poster", "data", "background"}


class VerificationProblem(Problem):
    """What stands in a report without a figure behind it, a line each."""


def verify(page: str, figures: Mapping[str, Figure], language: str) -> None:
    """Raises VerificationProblem with everything that is wrong with a page in a language, "zh" or "en"."""
    problems = unbacked(page, figures, language)
    if problems:
        raise VerificationProblem("\n".join(problems))


def unbacked(page: str, figures: Mapping[str, Figure], language: str) -> list[str]:
    """Digits outside figures and quoted data, figures that differ from the ledger, links that lead nowhere, what would
    be loaded from elsewhere, and claims of more than was collected."""
    tree = html.document_fromstring(page)
    problems: list[str] = []
    targets = {element.get("id") for element in tree.iter() if isinstance(element.tag, str) and element.get("id")}
    for element in tree.iter():
        if not isinstance(element.tag, str):
            problems.append(f"a comment: {str(element)[:80]}")
            continue
        if element.tag in _UNSEEN:
            if re.search(r"@import|url\(\s*['\"]?(?!data:|#)", element.text or ""):
                problems.append(f"<{element.tag}> loads something")
            continue
        figure_id = element.get(FIGURE)
        if figure_id is not None:
            problems += _figure(element, figure_id, figures, language)
        if not _is_backed(element):
            problems += _text(element.tag, element.text)
            for name in _SPOKEN:
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
    # str.isnumeric would find 一 as well.
    found = [f"<{where}>: {text.strip()[:80]!r} has a number with no figure"] if re.search(r"\d", text) else []
    return found + [f"<{where}>: {text.strip()[:80]!r} says {boast}" for boast in _BOASTS if boast in text.lower()]


def _links(element: html.HtmlElement, targets: set[str | None]) -> list[str]:
    loaded = [str(element.get(name)) for name in sorted(_LOADED & set(element.attrib))]
    found = [f"<{element.tag}> loads {address}" for address in loaded if not address.startswith("data:")]
    href = element.get("href", "")
    if href.startswith("#") and href[1:] not in targets:
        found.append(f"a link to {href}, which is nowhere")
    if element.tag == "link" and not href.startswith("data:"):
        found.append(f"<link> loads {href}")
    return found
