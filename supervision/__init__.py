"""行政审批电子监察, supervision of administrative approvals: the record and the rules."""
