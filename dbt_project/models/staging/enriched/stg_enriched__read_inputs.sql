select
    cast(day as date) as posted_date,
    kind,
    name,
    fingerprint
from {{ current_rows(source("enriched", "read_inputs")) }}
