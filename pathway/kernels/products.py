"""`SparseProduct`: a sparse matrix with its entries picked from a list of numbers, times a dense one."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from . import machine
from .digests import sources_digest
from .object_cache import cached_code
from .structs import array_address

_TEXT = """define void @add(ptr noalias readonly %starts, ptr noalias readonly %columns, ptr noalias readonly %sources,
    ptr noalias readonly %numbers, ptr noalias readonly %dense, ptr noalias %out, i64 %rows, i64 %width) nounwind {
start:
  br label %row.test
row.test:
  %row = phi i64 [ 0, %start ], [ %row.next, %row.end ]
  %row.more = icmp slt i64 %row, %rows
  br i1 %row.more, label %row.begin, label %done
row.begin:
  %row.next = add i64 %row, 1
  %first.at = getelementptr i64, ptr %starts, i64 %row
  %last.at = getelementptr i64, ptr %starts, i64 %row.next
  %first = load i64, ptr %first.at
  %last = load i64, ptr %last.at
  %target.place = mul i64 %row, %width
  %target = getelementptr double, ptr %out, i64 %target.place
  br label %entry.test
entry.test:
  %entry = phi i64 [ %first, %row.begin ], [ %entry.next, %entry.end ]
  %entry.more = icmp slt i64 %entry, %last
  br i1 %entry.more, label %entry.begin, label %row.end
entry.begin:
  %column.at = getelementptr i64, ptr %columns, i64 %entry
  %column = load i64, ptr %column.at
  %source.at = getelementptr i64, ptr %sources, i64 %entry
  %source = load i64, ptr %source.at
  %number.at = getelementptr double, ptr %numbers, i64 %source
  %number = load double, ptr %number.at
  %given.place = mul i64 %column, %width
  %given = getelementptr double, ptr %dense, i64 %given.place
  br label %item.test
item.test:
  %item = phi i64 [ 0, %entry.begin ], [ %item.next, %item.begin ]
  %item.more = icmp slt i64 %item, %width
  br i1 %item.more, label %item.begin, label %entry.end
item.begin:
  %x.at = getelementptr double, ptr %given, i64 %item
  %x = load double, ptr %x.at
  %sum.at = getelementptr double, ptr %target, i64 %item
  %sum = load double, ptr %sum.at
  %product = fmul double %number, %x
  %total = fadd double %sum, %product
  store double %total, ptr %sum.at
  %item.next = add i64 %item, 1
  br label %item.test
entry.end:
  %entry.next = add i64 %entry, 1
  br label %entry.test
row.end:
  br label %row.test
done:
  ret void
}
"""


@cache
def _add() -> tuple[Any, Any]:
    """The compiled function, and what it must be held with."""
    parts = {"part": "sparse product", "sources": sources_digest()}
    code, where = cached_code(parts, lambda: ("add", machine.object_code(_TEXT)))
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 6, ctypes.c_int64, ctypes.c_int64)
    return kind(where), code


class SparseProduct:
    """A sparse matrix whose entries always stand in the same places.

    Parameters
    ----------
    rows, columns, sources : int arrays, shape (n_entries,)
        Where each entry stands, and which of the numbers it is.
    n_rows, n_columns : int
    """

    def __init__(self, rows: np.ndarray, columns: np.ndarray, sources: np.ndarray, n_rows: int, n_columns: int) -> None:
        order = np.lexsort((columns, rows))
        self.rows, self.columns, self.sources = (
            np.ascontiguousarray(part[order], dtype=np.int64) for part in (rows, columns, sources)
        )
        self.n_rows, self.n_columns = n_rows, n_columns
        self._starts = np.searchsorted(self.rows, np.arange(n_rows + 1)).astype(np.int64)
        self._places = [array_address(part) if part.size else 0 for part in (self._starts, self.columns, self.sources)]

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, numbers: np.ndarray, dense: np.ndarray, out: np.ndarray) -> None:
        """Add the product with `dense`, shape (n_columns, n) or a further split of the first axis, to `out`, shape
        (n_rows, n); all without gaps."""
        if len(self) and out.size:
            _add()[0](
                *self._places,
                array_address(numbers),
                array_address(dense),
                array_address(out),
                self.n_rows,
                out.shape[-1],
            )

    def transposed(self, numbers: np.ndarray, vector: np.ndarray) -> np.ndarray:
        """The product of the transpose with a vector, shape (n_rows,); shape (n_columns,)."""
        return np.bincount(self.columns, numbers[self.sources] * vector[self.rows], self.n_columns)
