{# Shares lie between 0 and 1, or are null. #}
{% test fractions(model, columns) %}
select *
from {{ model }}
where {% for column in columns %}{{ "or " if not loop.first }}not {{ column }} between 0 and 1 {% endfor %}
{% endtest %}
