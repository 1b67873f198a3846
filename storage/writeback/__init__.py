"""Results back to where their cases came from: each once per target, whatever crashes when."""

from storage.writeback.files import write_files
from storage.writeback.receipts import Receipt
from storage.writeback.tables import write_rows

__all__ = ["Receipt", "write_files", "write_rows"]
