"""What is really hidden: every check of `maskwright.testing`, on our maskings and on anybody's collator.

    from maskwright.audit import audit, masking_subject
    document = audit(masking_subject(Masking.from_dict("bert")), target="bert")

`maskwright audit` on the command line does this for a run configuration, a preset or any importable collator.
"""

from __future__ import annotations

from maskwright.audit.document import audit
from maskwright.audit.foreign import foreign_subject
from maskwright.audit.ours import masking_subject, preset_subject
from maskwright.audit.page import write_page

__all__ = ["audit", "foreign_subject", "masking_subject", "preset_subject", "write_page"]
