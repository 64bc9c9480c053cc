"""Who may use Countersign: accounts, sessions, the sign-in pages and the gate in front of everything else."""
