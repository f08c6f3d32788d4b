"""What pytest leaves alone here: the extensions of the pages need Sphinx, which tests do not."""

from __future__ import annotations

collect_ignore = ["_ext", "conf.py"]
