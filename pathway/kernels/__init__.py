"""The mathematics, compiled: from formulas to machine code that works on several members at once.

    compiled = compile_model(model, width=4, parts=("right_hand_side", "jacobian", "factor", "solve"))

turns the parts asked for into machine code, or finds them in the cache on disk (`cache_directory`), and gives a
`CompiledModel`: addresses, sizes, patterns. `calls` calls the addresses from numba, `CompiledModel.call` from Python.
Nothing here knows about steps, tolerances, files or units. Only this room imports llvmlite.

The interface
-------------
Every part is a C function of pointers to float64; arrays are C-contiguous with the lanes innermost, so entry `i` of
lane `l` of an array of `n` rows is `array[i, l]`, shape (n, W), W = `width`. Alignment is not needed. Arrays of one
call must not overlap, except that `solve` works in place. Sizes: n = `n_species`, p = `parameter_slots`,
nnz = `len(patterns[...])` of the pattern named, lu = `sizes["lu"]`.

The array of parameters has `parameter_slots` rows: first the model's own `n_parameters`, then rows that `prepare`
computes from them (1/Km, products of constants). Call `prepare` whenever a parameter has changed; it is always
compiled. `CompiledModel.parameters(values)` makes a prepared array.

    prepare(parameters[p, W])                                                  in place
    right_hand_side(time[W], species[n, W], parameters[p, W], out[n, W])       algebraic rows: their residual
    jacobian(time, species, parameters, out[nnz, W])                           pattern `jacobian`
    time_derivative(time, species, parameters, out[n, W])                      partial by time; 0 if `autonomous`
    factor(jacobian[nnz, W], shift[W], lu[lu, W], worst[W])                    of shift * M - J, M = diag(`mass`)
    solve(lu[lu, W], b[n, W])                                                  in place, lane by lane
    solve_transposed(lu[lu, W], b[n, W])                                       the same with the transposed matrix
    solve_shared(lu[lu] plain, b[n, W])                                        one factorisation, W right-hand sides
    multiply(matrix[nnz, W], s[n, W], out[n, W])                               J s, lane by lane
    multiply_shared(matrix[nnz] plain, s[n, W], out[n, W])                     one J, W directions
    parameter_jacobian(time, species, parameters, out[nnz, W])                 pattern `parameter_jacobian`
    pull_parameters(matrix[nnz of parameter_jacobian, W], s[n, W], out[n_parameters, W])
                                       out += (df/dp)^T s, lane by lane
    second_derivatives(time, species, parameters, direction[n, W], out_species[nnz, W], out_parameters[nnz, W])
                                       d(J u)/dy and d(J u)/dp, u = direction; `second_species`, `second_parameters`
    add_second_shared(matrix[nnz of second_species] plain, s[n, W], out[n, W]) out += d(J u)/dy s
    time_gradients(time, species, parameters, out_species[nnz, W], out_parameters[nnz, W])
                                       of the time derivative; patterns `time_species`, `time_parameters`

    add_scaled(factor[W], s[n, W], out[n, W])                                  out += M factor s
    interpolate(before, after, bend, second, third [n, W], share[W], out[n, W])
                                       before + x (after - before + (1 - x) (bend + x (second + x third))), x = share
    error_norm(before, after, estimate, absolute [n, W], relative[W], out[W])
                                       rms over species of estimate / (absolute + relative max(|before|, |after|))

    G(time, species, parameters, out[sizes[G], W])                             values of a group G of formulas
    G_gradients(time, species, parameters, out_species[nnz, W], out_parameters[nnz, W], out_time[sizes[G], W])
                                       patterns `G_species`, `G_parameters`: (formula, species), (formula, parameter)

with G one of `observables`, `assignments`, `rates` (in the model's order), `initial_values` (per species; `species`
is not read), `event_conditions` (1 or 0 per event), `event_roots` (functions of the state of which one
changes its sign, or those behind `sizes["event_roots_signs"]` their integer part, wherever a trigger changes with the
state), `event_values` (of all events in order; pattern `event_values`: event, species), `event_delays`,
`event_priorities` (per event; 0 where there is none), `switch_roots` (the same for the right-hand side; behind all of
them the sizes of what they are sums of).

`worst` is n / sum over pivots of (scale / |pivot|), the scale being |shift|, in algebraic rows the row's largest entry
of J. It is at least 1 as long as every pivot is at least as large as the shift; a value below 1e-10, or nan, says that
the factors cannot be trusted (no rows are exchanged for size).

A lane gives the same bits at every width, because each width carries out the same operations in the same order:
fused multiply-adds stand where the formulas put them, and exp, log and power are our own. Only where LLVM is given a
processor without fused multiplication do results differ, from those of other processors.

    compile_wasm(model)                                   the same kernels as a module of WebAssembly; see `wasm`
"""

from .compiled import SOLVER, CompiledModel, SparsityPattern, compile_model
from .digests import files_digest
from .formula_batches import CompiledBatches, FormulaBatch, compile_batches
from .functions import PARTS
from .loop_code import RUN, loop_object
from .machine import BASELINE, LoadedCode, has_baseline, machine_width
from .object_cache import cached_code, load_code
from .ordering import SingularStructureError
from .products import SparseProduct
from .storage import cache_directory, read_cached, write_cached
from .wasm import WASM_PARTS, WasmError, WasmKernels, compile_wasm, loop_module

__all__ = [
    "BASELINE",
    "PARTS",
    "RUN",
    "SOLVER",
    "WASM_PARTS",
    "CompiledBatches",
    "CompiledModel",
    "FormulaBatch",
    "LoadedCode",
    "SingularStructureError",
    "SparseProduct",
    "SparsityPattern",
    "WasmError",
    "WasmKernels",
    "cache_directory",
    "cached_code",
    "compile_batches",
    "compile_model",
    "compile_wasm",
    "files_digest",
    "has_baseline",
    "load_code",
    "loop_module",
    "loop_object",
    "machine_width",
    "read_cached",
    "write_cached",
]
