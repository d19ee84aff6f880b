"""`fig eval-metrics`: the metrics of trained runs, from their codes to tables and figures."""
