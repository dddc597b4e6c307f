"""Maximum lengths of the report's lists; the marts have the rest."""

WORDS = 20
HASHTAGS = 10
POSTS = 10
COMMENTS = 10
FOCUSES = 10
VOICES = 15
HOT_WORDS = 15
# Tables list the last days of the window; the charts show all of it.
DAYS = 31
