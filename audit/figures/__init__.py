"""What reviewed claims say: results of an audit, rates of error over time, quality of the rules, the dossier."""
