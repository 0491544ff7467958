"""How to write what schemathesis does not know how to write."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def one_item_a_line(_context, value):
    items = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(item) for item in items).encode()
