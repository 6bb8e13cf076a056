"""What the fork server of `pipelines.pool` imports once, so that all workers share the reader's memory."""

import contextlib
import gc

from pipelines.check import warm

# A failure here is told by the worker, which tries the same and reports; here it would go unheard.
with contextlib.suppress(Exception):
    warm()
    gc.collect()
    # What is loaded now is never garbage: keeping the collector off it keeps its pages shared.
    gc.freeze()
