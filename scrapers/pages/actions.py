"""How a browser makes a page send the request that a spider needs.

A platform that signs its requests answers only requests sent by its own pages. So a spider attaches a BrowserAction to
each request: the page that sends this request, and what to do on the page. Crawls without a browser ignore it.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserAction:
    """What to do in the browser so that a page sends the request that carries this in meta["browser_action"].

    address: the page's URL on the real site.
    act: "open" loads the page anew; "scroll" and "click" use the page that an earlier action opened at this address.
    hover: selector of the element to point at. Before a click it opens the menu to click in. Before scrolling, the
        pointer rests on the last match, because some lists lie in a pane that scrolls only under the pointer.
    clicks: selectors to click, in this order.
    required_parameters: names and values that the page's request must contain, in its URL or its JSON body. Otherwise
        a page that ignored the chosen sort order would be read as if it had applied it. The name "" matches any name.
    click_afterwards: selector to click once the response has arrived, to return the page to its earlier state.
    alternative_url: a second URL, without parameters, from which the page may load the same data.
    """

    address: str
    act: Literal["open", "scroll", "click"] = "open"
    hover: str | None = None
    clicks: tuple[str, ...] = ()
    required_parameters: tuple[tuple[str, str], ...] = ()
    click_afterwards: str | None = None
    alternative_url: str | None = None

    def missing_parameters(self, url: str, body: str | None) -> list[str]:
        """The required parameters that a page's request does not contain, as "name=value"."""
        parameters = request_parameters(url, body)
        values = {value for _, value in parameters}
        return [
            f"{name}={value}"
            for name, value in self.required_parameters
            if (value not in values if name == "" else (name, value) not in parameters)
        ]


def request_parameters(url: str, body: str | None) -> set[tuple[str, str]]:
    """The names and values in a request's URL and JSON body, nested values included, all as text.

    A URL parameter that is itself JSON (Douyin's filter_selected) is flattened as well.
    """
    parameters: set[tuple[str, str]] = set()
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        parameters |= _flatten(name, value)
    return parameters | _flatten("", _parse_json(body or ""))


def _flatten(name: str, value: Any) -> set[tuple[str, str]]:
    if isinstance(value, dict):
        return set().union(*(_flatten(key, nested) for key, nested in value.items()))
    if isinstance(value, list):
        return set().union(*(_flatten(name, element) for element in value))
    parsed = _parse_json(value) if isinstance(value, str) and value.startswith(("{", "[")) else None
    return {(name, str(value))} | (set() if parsed is None else _flatten(name, parsed))


def _parse_json(text: str) -> Any:
    """The parsed JSON; None if the text is not valid JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None
