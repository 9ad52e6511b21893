"""Electronic supervision of administrative approvals (行政审批电子监察): the record and the rules."""
