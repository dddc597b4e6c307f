"""The colours of the report, each once: of its pages and of its charts.

The colours of the sentiments are Okabe and Ito's, which colour-blind readers can distinguish.
"""

from core.vocabulary import Phase, Sentiment

INK = "#1c1f23"  # text
SOFT = "#5f6770"  # secondary text, axes
ACCENT = "#20557d"  # links, counts in charts
MARK = "#7a1f5c"  # marked moments in charts
PAPER = "#ffffff"
LINE = "#d9dde1"  # borders and rules
DASHES = "#9aa1a8"  # boxes of what was not collected
UNDERLINE = "#b9c3cc"  # of figures
CODE = "#f4f6f8"  # background of code
NOTE = "#fff6df"  # background of warnings
NOTE_EDGE = "#c98500"

SENTIMENTS: dict[Sentiment, str] = {"negative": "#d55e00", "neutral": "#b9b9b9", "positive": "#0072b2"}
# Text on these colours.
ON_SENTIMENTS: dict[Sentiment, str] = {"negative": PAPER, "neutral": INK, "positive": PAPER}
PHASES: dict[Phase, str] = {
    "latent": "#eef1f4",
    "fermenting": "#f6e7b8",
    "outbreak": "#f3c7ac",
    "declining": "#d6e4ee",
    "fading": "#eef1f4",
}

# The variables of the page's style sheet.
CSS_VARIABLES = {
    "ink": INK,
    "soft": SOFT,
    "accent": ACCENT,
    "paper": PAPER,
    "line": LINE,
    "underline": UNDERLINE,
    "code": CODE,
    "note": NOTE,
    "note-edge": NOTE_EDGE,
} | {f"sentiment-{name}": colour for name, colour in SENTIMENTS.items()}
