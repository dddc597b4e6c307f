{# The columns together are a key: no two rows have the same values in all of them. #}
{% test unique_together(model, columns) %}
select {{ columns | join(", ") }}, count(*) as copies
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}
