"""A host for our modules outside a browser: wasmtime, with one memory and one table of functions."""

import struct

import numpy as np
import pytest


class Host:
    """Modules in one memory; arrays are copied in before a call and out behind it."""

    def __init__(self, modules, pages=256):
        wasmtime = pytest.importorskip("wasmtime")
        self.store = store = wasmtime.Store()
        self.memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(pages, None)))
        table_type = wasmtime.TableType(wasmtime.ValType.funcref(), wasmtime.Limits(64, None))
        self.table = wasmtime.Table(store, table_type, None)
        top = wasmtime.Val.i32(1 << 20)
        kind = wasmtime.GlobalType(wasmtime.ValType.i32(), True)
        given = {
            "__linear_memory": self.memory,
            "__stack_pointer": wasmtime.Global(store, kind, top),
            "__indirect_function_table": self.table,
        }
        self.exports = {}
        for code in modules:
            module = wasmtime.Module(store.engine, code)
            instance = wasmtime.Instance(store, module, [given[wanted.name] for wanted in module.imports])
            self.exports.update({e.name: instance.exports(store)[e.name] for e in module.exports})
        self.free = 1 << 20

    def place(self, array):
        """The address of a copy of an array of 64-bit words."""
        data = np.ascontiguousarray(array).tobytes()
        address, self.free = self.free, self.free + (len(data) + 15) // 16 * 16
        self.memory.write(self.store, data, address)
        return address

    def read(self, address, like):
        data = self.memory.read(self.store, address, address + like.nbytes)
        return np.frombuffer(bytes(data), dtype=like.dtype).reshape(like.shape)

    def call(self, name, arrays):
        """Call a function of pointers; what stands in the arrays afterwards."""
        before = self.free
        addresses = [self.place(array) for array in arrays]
        self.exports[name](self.store, *addresses)
        found = [self.read(address, array) for address, array in zip(addresses, arrays, strict=True)]
        self.free = before
        return found

    def slot(self, name, number):
        """Put a function into the table, where loops call it by its number."""
        self.table.set(self.store, number, self.exports[name])
        return number

    def packed(self, values, parts=()):
        """The table of a named tuple (see `pathway.kernels.structs`) with its arrays in here, and their addresses;
        `parts`: fields that are part of another one's array, so many bytes behind its start."""
        from pathway.kernels.structs import struct_fields

        words, places = b"", {}
        for field, value in zip(struct_fields(type(values)), values, strict=True):
            if field.dimensions:
                whole, ahead = dict(parts).get(field.name, (None, 0))
                places[field.name] = self.place(value) if whole is None else places[whole] + ahead
                words += struct.pack("<q", places[field.name]) + struct.pack(f"<{value.ndim}q", *value.shape)
            else:
                words += struct.pack("<q" if field.code == "l" else "<d", value)
        return self.place(np.frombuffer(words, dtype=np.int64)), places
