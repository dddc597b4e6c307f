"""How a reader's browser comes to send a request that a spider wants answered: the page that sends it, and what the
reader does there. Spiders attach one to each request; whoever collects without a browser passes it over.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserAction:
    """The visit that makes a page send the request in whose meta["browser_action"] it stands.

    address: the page, as the site has it.
    act: "open" it anew; or, where it is open from an earlier visit to the same address, "scroll" it down or "click".
    hover: selector of what the pointer rests on: before a click, what opens the menu to click in; before the wheel is
        turned, the last of the list that is to go on, which may lie in a pane that the wheel does not move elsewhere.
    clicks: selectors of what is clicked, in turn, in the page that was opened ("open") or is open ("click").
    required_parameters: names and values that the page's request must have in its address or JSON body to be the one that is wanted:
        a page that sorts otherwise than it was told to is not to be read as if it did. A name of "" is any name.
    leave: selector of what is clicked once the answer is there, to get back to where the page was.
    also: another address, without its parameters, at which the page may ask for the same.
    """

    address: str
    act: Literal["open", "scroll", "click"] = "open"
    hover: str | None = None
    clicks: tuple[str, ...] = ()
    required_parameters: tuple[tuple[str, str], ...] = ()
    leave: str | None = None
    also: str | None = None

    def missing_parameters(self, url: str, body: str | None) -> list[str]:
        """What of ``asks`` a page's request does not say, as "name=value"."""
        said = names_and_values(url, body)
        values = {value for _, value in said}
        return [
            f"{name}={value}"
            for name, value in self.required_parameters
            if (value not in values if name == "" else (name, value) not in said)
        ]


def names_and_values(url: str, body: str | None) -> set[tuple[str, str]]:
    """What a request says: the parameters of its address and the values of its JSON body, nested ones too, as text.

    A parameter that is JSON itself (Douyin's filter_selected) is laid open as well.
    """
    said: set[tuple[str, str]] = set()
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        said |= _laid_flat(name, value)
    return said | _laid_flat("", _json_of(body or ""))


def _laid_flat(name: str, value: Any) -> set[tuple[str, str]]:
    if isinstance(value, dict):
        return set().union(*(_laid_flat(key, held) for key, held in value.items()))
    if isinstance(value, list):
        return set().union(*(_laid_flat(name, held) for held in value))
    nested = _json_of(value) if isinstance(value, str) and value.startswith(("{", "[")) else None
    return {(name, str(value))} | (set() if nested is None else _laid_flat(name, nested))


def _json_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
