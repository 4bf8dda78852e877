"""The reference package of the course *From vanishing gradients to a language model*."""

import sys

# nbformat imports jsonschema, and that would compile the grammar of internationalised addresses with this package: more
# than half of the time that `import helpers.checks` takes, for a format that no notebook has. jsonschema does without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
