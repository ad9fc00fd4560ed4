"""The go-live checklist: its items and verdicts, and what each of them looks at."""
