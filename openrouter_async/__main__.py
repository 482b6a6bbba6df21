"""Lets `python -m openrouter_async` be the command `openrouter-async`."""

from openrouter_async.cli import main

if __name__ == "__main__":
    main()
