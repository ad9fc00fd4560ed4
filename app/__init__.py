"""The program: command line, the Textual app and the process it lives in."""
