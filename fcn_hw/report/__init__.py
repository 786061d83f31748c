"""One HTML file that shows a design on a board: what the stages left, nothing computed anew.

``sources.py`` reads, ``sections/`` makes of it what the templates in ``templates/report`` see,
``figures/`` computes where things are drawn, ``page.py`` puts it together.
"""

from fcn_hw.report.page import (
    REPORT_FILE,
    DesignReport,
    make_report,
    report_stage,
    report_to_json,
    write_report,
)

__all__ = [
    "REPORT_FILE", "DesignReport", "make_report", "report_stage", "report_to_json", "write_report",
]  # fmt: skip
