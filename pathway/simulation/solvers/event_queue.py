"""What events do, in one lane of the step loop, with the meaning that `simulation.events` gives it.

Rare things are left to Python, which runs such a member from its start: events of one priority that chance has to
order, what may be a change by rounding alone, events without end, values and delays that are no numbers, and more than
`QUEUE` events that wait.
"""

from __future__ import annotations

import numpy as np

from pathway.kernels import calls

from .compilation import inlined_function
from .lanes import QUEUE
from .layout import EVENTS, FIRST_VALUE, FROM_TRIGGER, HAS_PRIORITY, PERSISTENT
from .watch import turned

ROUNDING = 1e-9
"""A trigger that changes back before what it reads has moved by this share did so by rounding: a smooth course that
passes its border and returns within it comes no further than its square, which is less than a float tells apart."""

OFTEN = 250
"""Events within hardly any time that may go on without end."""

NOBODY, CHANCE = -1, -2


@inlined_function
def begin_events(kernels, task, lanes, lane):
    """The conditions of a lane as they count before its start."""
    for k in range(kernels.n_conditions):
        lanes.truths[k * kernels.width + lane] = task.conditions[k]
    lanes.waiting[lane] = 0
    lanes.checked_at[lane] = -np.inf
    _forget_changes(kernels, lanes, lane)


@inlined_function
def _forget_changes(kernels, lanes, lane):
    """What is done makes a corner in the course, so that what follows is no rounding."""
    for place in range(lane, kernels.n_conditions * kernels.width, kernels.width):
        lanes.changed_at[place] = -np.inf


@inlined_function
def carry_out_events(kernels, pattern, task, report, lanes, lane):
    """Everything that happens at the present moment of a lane; whether it can be done here."""
    if not _compare(kernels, pattern, lanes, lane):
        return False
    while True:
        place = _first_due(kernels, pattern, lanes, lane)
        if place == NOBODY:
            return True
        if place == CHANCE or not _carry_out(kernels, pattern, task, report, lanes, lane, place):
            return False
        if not _compare(kernels, pattern, lanes, lane):
            return False


@inlined_function
def _compare(kernels, pattern, lanes, lane):
    """Compare the triggers of a lane with what they were; whether what follows can be done here."""
    width, time = kernels.width, lanes.time
    crossing = lanes.crossing[lane] != 0
    lanes.crossing[lane] = 0
    calls.right_hand_side(kernels.conditions, time, lanes.stack[0], lanes.parameters, lanes.truth)
    if not turned(kernels, lanes, lane):
        return True
    rising, rates_known = False, False
    for k in range(kernels.n_conditions):
        at = k * width + lane
        if lanes.truth[at] != lanes.truths[at]:
            rising |= lanes.truth[at] != 0.0
            if crossing:
                if lanes.changed_at[at] > -np.inf:
                    if not rates_known:
                        calls.right_hand_side(
                            kernels.right_hand_side, time, lanes.stack[0], lanes.parameters, lanes.slope
                        )
                        rates_known = True
                    if _may_be_rounding(kernels, pattern, lanes, lane, k):
                        return False
                lanes.changed_at[at] = time[lane]
    if rising:
        calls.right_hand_side(kernels.event_delays, time, lanes.stack[0], lanes.parameters, lanes.delays)
        calls.right_hand_side(kernels.event_values, time, lanes.stack[0], lanes.parameters, lanes.values)
    for k in range(kernels.n_conditions):
        at = k * width + lane
        if lanes.truth[at] != lanes.truths[at]:
            lanes.truths[at] = lanes.truth[at]
            if lanes.truth[at] == 0.0:
                if pattern.events[k, PERSISTENT] == 0:
                    _drop(kernels, lanes, lane, k)
            elif not _wait(kernels, pattern, lanes, lane, k):
                return False
    return True


@inlined_function
def _may_be_rounding(kernels, pattern, lanes, lane, k):
    """Whether nothing that a trigger reads can have moved since the course changed it before."""
    width, some = kernels.width, False
    elapsed = lanes.time[lane] - lanes.changed_at[k * width + lane]
    for species in range(kernels.n_species):
        if pattern.event_reads[k, species] != 0:
            some, at = True, species * width + lane
            if abs(lanes.slope[at] * elapsed) > ROUNDING * abs(lanes.stack[0, at]):
                return False
    return some


@inlined_function
def _wait(kernels, pattern, lanes, lane, k):
    """Put an event that was triggered behind those that wait; whether that can be done here."""
    width, place = kernels.width, lanes.waiting[lane]
    delay = lanes.delays[k * width + lane]
    if place == QUEUE or not delay >= 0.0:
        return False
    lanes.waiting_event[place * width + lane] = k
    lanes.waiting_due[place * width + lane] = lanes.time[lane] + delay
    for value in range(pattern.events[k, FIRST_VALUE], pattern.events[k + 1, FIRST_VALUE]):
        lanes.waiting_values[(place * kernels.n_event_values + value) * width + lane] = lanes.values[
            value * width + lane
        ]
    lanes.waiting[lane] = place + 1
    return True


@inlined_function
def _remove(kernels, lanes, lane, place):
    """Take away one that waits; the others keep their order."""
    width, n_values = kernels.width, kernels.n_event_values
    lanes.waiting[lane] -= 1
    for k in range(place, lanes.waiting[lane]):
        here, there = k * width + lane, (k + 1) * width + lane
        lanes.waiting_event[here], lanes.waiting_due[here] = lanes.waiting_event[there], lanes.waiting_due[there]
        for value in range(n_values):
            lanes.waiting_values[(k * n_values + value) * width + lane] = lanes.waiting_values[
                ((k + 1) * n_values + value) * width + lane
            ]


@inlined_function
def _drop(kernels, lanes, lane, event):
    """Take away everything that waits of an event that is not persistent."""
    place = 0
    while place < lanes.waiting[lane]:
        if lanes.waiting_event[place * kernels.width + lane] == event:
            _remove(kernels, lanes, lane, place)
        else:
            place += 1


@inlined_function
def _first_due(kernels, pattern, lanes, lane):
    """The place of the event to carry out next: the one with the largest priority, then the one that waits longest."""
    width, chosen, due = kernels.width, NOBODY, 0
    for place in range(lanes.waiting[lane]):
        if lanes.waiting_due[place * width + lane] <= lanes.time[lane]:
            due += 1
            if chosen == NOBODY:
                chosen = place
    if due < 2:
        return chosen
    calls.right_hand_side(kernels.event_priorities, lanes.time, lanes.stack[0], lanes.parameters, lanes.priorities)
    largest, declared = -np.inf, 0
    for place in range(lanes.waiting[lane]):
        event = lanes.waiting_event[place * width + lane]
        priority = lanes.priorities[event * width + lane]
        if lanes.waiting_due[place * width + lane] <= lanes.time[lane]:
            if priority != priority:
                return CHANCE
            if priority > largest:
                largest, declared, chosen = priority, 0, place
            if priority == largest:
                declared += pattern.events[event, HAS_PRIORITY]
    return CHANCE if declared > 1 else chosen


@inlined_function
def _carry_out(kernels, pattern, task, report, lanes, lane, place):
    """Set the new values of an event; whether that can be done here."""
    width, event = kernels.width, lanes.waiting_event[place * kernels.width + lane]
    first, last = pattern.events[event, FIRST_VALUE], pattern.events[event + 1, FIRST_VALUE]
    remembered = pattern.events[event, FROM_TRIGGER] != 0
    if not remembered:
        calls.right_hand_side(kernels.event_values, lanes.time, lanes.stack[0], lanes.parameters, lanes.values)
    for value in range(first, last):
        if remembered:
            new = lanes.waiting_values[(place * kernels.n_event_values + value) * width + lane]
        else:
            new = lanes.values[value * width + lane]
        if not abs(new) < np.inf:
            return False
        lanes.stack[0, pattern.event_targets[value] * width + lane] = new
    _remove(kernels, lanes, lane, place)
    _forget_changes(kernels, lanes, lane)
    counts, time = report.counts[lanes.member[lane]], lanes.time[lane]
    counts[EVENTS] += 1
    if counts[EVENTS] % OFTEN == 0:
        span = max(abs(time), task.times[task.times.shape[0] - 1] - task.times[0])
        if time - lanes.checked_at[lane] <= ROUNDING * span:
            return False
        lanes.checked_at[lane] = time
    return True
