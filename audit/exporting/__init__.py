"""Reports that leave the house: an audit on paper (PDF), as a workbook, as CSV and as JSON; a therapist's letter.

`sheets` makes every figure once; paper, workbook and screen only write them. Each export leaves an event. Patients are
not named unless a person who may asks for it with a reason (`pseudonyms`).
"""

from audit.exporting.letter import letter
from audit.exporting.making import EXPORTERS, FORMS, IDENTIFIERS, Made, export
from audit.exporting.report import Report, report_of
from audit.exporting.sheets import Column, Sheet

__all__ = ["EXPORTERS", "FORMS", "IDENTIFIERS", "Column", "Made", "Report", "Sheet", "export", "letter", "report_of"]
