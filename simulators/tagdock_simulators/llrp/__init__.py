"""An LLRP 1.0.1 reader: codec, reader logic without I/O, and an asyncio server around it."""
