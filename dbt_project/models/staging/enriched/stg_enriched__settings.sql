select
    name,
    value
from {{ current_rows(source("enriched", "settings")) }}
