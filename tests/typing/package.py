"""What the package as a whole promises to a type checker."""

from __future__ import annotations

from typing import assert_type

import openrouter_async

assert_type(openrouter_async.__version__, str)
