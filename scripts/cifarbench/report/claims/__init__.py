"""Claims of the reference notebook, checked against the results of a run on the same data set."""

from cifarbench.report.claims.table import CLAIMS, CheckedClaim, check_claims
from cifarbench.report.claims.verdict import Evidence, Verdict

__all__ = ["CLAIMS", "CheckedClaim", "Evidence", "Verdict", "check_claims"]
