// Runs dataflow processes over bounded FIFOs, pixel by pixel. The engine of fcn_hw.dataflow, compiled
// when it is first needed and called through ctypes: no C++ library, no allocation.
//
// A process repeats its events once a frame. An event happens `gap` cycles behind the one before or
// later: when every input that it reads holds a pixel that was written in an earlier cycle, and every
// output that it writes has a slot that was free in an earlier cycle. An event reads all inputs of its
// process, writes all outputs, or both.
//
// Invariant: frame n of every process is complete before an event of frame n+1 is computed. This is
// only the order of the computation; the times overlap. FIFOs are empty between frames, because every
// process reads and writes whole frames.
//
// Of a FIFO only those times are kept that a later event can ask for: of the pixels that are not read
// yet, and of as many last reads as the FIFO has slots.

#include <stdint.h>

namespace {

enum { READS = 1, WRITES = 2 };
enum { BLOCK = 64 };
enum { WAITS_FOR_NOTHING = 0, WAITS_FOR_PIXEL = 1, WAITS_FOR_SLOT = 2 };

} // namespace

extern "C" {

// Filled in by fcn_hw/dataflow/engine.py, same order there, as the structs below. All are 64 bits wide.
struct process {
    const int32_t *gaps;  // [events]
    const uint8_t *kinds; // [events] READS | WRITES
    int64_t *times;       // [events] time of the event in the last frame
    int64_t events;
    int64_t tail; // cycles behind the last event of a frame
    const int64_t *inputs, *inputs_end; // FIFOs
    const int64_t *outputs, *outputs_end;
    int64_t slack; // cycles of a period that it does not need
    const int32_t *ranks; // [events / BLOCK + 1][2] reads and writes before each block of events
    int64_t next; // event at hand
    int64_t last; // time of the event before; of the end of the frame at its start
    int64_t waits;    // WAITS_FOR_...
    int64_t waits_at; // the FIFO it waits at
    int64_t access;   // run_in_order: reads and writes done of the event at hand
    int64_t queued;
};

struct fifo {
    int64_t depth;
    int64_t bounded; // whether it is ever full
    int64_t producer, consumer;
    int64_t written, read; // pixels, in all frames
    int64_t *write_times;  // rings, each a power of two
    int64_t write_mask;
    int64_t *read_times; // null: a FIFO that is never full
    int64_t read_mask;
    int64_t waited_for_pixel; // cycles that the consumer waited for it
    int64_t waited_for_slot;  // cycles that the producer waited for it
    // What it holds, if that is asked for: measured up to write number `measured`, at which `gone`
    // pixels were read. most[i] is the most that it holds from starts[i] to the next start.
    int64_t measured, gone, peak;
    int64_t span;
    int64_t *most;
};

struct network {
    int64_t processes, fifos;
    process *process_list;
    fifo *fifo_list;
    int64_t *queue; // [processes] scratch
    int64_t events; // that happened
    int64_t measures;      // whether what FIFOs hold is measured
    int64_t spans;         // of `most`
    const int64_t *starts; // [spans] ascending
};

} // extern "C"

namespace {

inline int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

// What a FIFO holds at each write whose time and earlier reads are known. A read frees its slot in the
// next cycle, so reads of the cycle of a write still count as held.
//
// Returns false if a read that is not computed yet may come before `time`.
inline bool pass_reads(fifo &f, int64_t time, int64_t before) {
    while (f.gone < f.read && f.read_times[f.gone & f.read_mask] < time) {
        ++f.gone;
    }
    return f.gone < f.read || f.gone == before;
}

void measure(const network *net, fifo &f, bool ended) {
    for (; f.measured < f.written || ended; ++f.measured) {
        const bool is_write = f.measured < f.written;
        const int64_t time = is_write ? f.write_times[f.measured & f.write_mask] : INT64_MAX;
        for (; f.span < net->spans && net->starts[f.span] <= time; ++f.span) {
            if (!pass_reads(f, net->starts[f.span], f.measured)) {
                return;
            }
            f.most[f.span] = f.measured - f.gone;
        }
        if (!is_write || !pass_reads(f, time, f.measured)) {
            return;
        }
        const int64_t held = f.measured + 1 - f.gone;
        f.peak = larger(f.peak, held);
        if (f.span) {
            f.most[f.span - 1] = larger(f.most[f.span - 1], held);
        }
    }
}

inline void wake(network *net, int64_t peer, int64_t &count, int64_t head) {
    net->process_list[peer].queued = 1;
    const int64_t end = head + count++;
    net->queue[end < net->processes ? end : end - net->processes] = peer;
}

// Queues the peers of a process that wait for what it has just read or written.
inline void wake_peers(network *net, const process &p, int64_t &count, int64_t head) {
    for (const int64_t *i = p.inputs; i != p.inputs_end; ++i) {
        const fifo &f = net->fifo_list[*i];
        const process &peer = net->process_list[f.producer];
        if (!peer.queued && peer.waits == WAITS_FOR_SLOT && peer.waits_at == *i &&
            f.written - f.depth < f.read) {
            wake(net, f.producer, count, head);
        }
    }
    for (const int64_t *i = p.outputs; i != p.outputs_end; ++i) {
        const fifo &f = net->fifo_list[*i];
        const process &peer = net->process_list[f.consumer];
        if (!peer.queued && peer.waits == WAITS_FOR_PIXEL && peer.waits_at == *i && f.read < f.written) {
            wake(net, f.consumer, count, head);
        }
    }
}

int64_t start_frame(network *net) {
    for (int64_t number = 0; number < net->processes; ++number) {
        process &p = net->process_list[number];
        p.next = p.access = 0;
        p.waits = WAITS_FOR_NOTHING;
        p.queued = 1;
        net->queue[number] = number;
    }
    return net->processes;
}

inline process &take(network *net, int64_t &count, int64_t &head) {
    process &p = net->process_list[net->queue[head]];
    head = head + 1 == net->processes ? 0 : head + 1;
    --count;
    p.queued = 0;
    p.waits = WAITS_FOR_NOTHING;
    return p;
}

enum outcome { REPEATED, CHANGED, ALL_CHANGED, STUCK };

// One frame. With PACED, no event happens earlier than `period` cycles behind the same event of the
// frame before; CHANGED if one happens later, at once if nobody asks for the rest (`ends_at_change`).
template <bool PACED> outcome run_frame(network *net, int64_t period, bool ends_at_change) {
    int64_t head = 0, count = start_frame(net), done = 0, changed = 0, events = 0;
    while (count) {
        process &p = take(net, count, head);
        const int32_t *const gaps = p.gaps;
        const uint8_t *const kinds = p.kinds;
        int64_t *const times = p.times;
        const int64_t *const in = p.inputs, *const in_end = p.inputs_end;
        const int64_t *const out = p.outputs, *const out_end = p.outputs_end;
        const int64_t end = p.events, begin = p.next;
        int64_t e = begin, last = p.last;
        for (; e < end; ++e) {
            const uint8_t kind = kinds[e];
            const int64_t ready = last + gaps[e];
            const int64_t paced = PACED ? times[e] + period : 0;
            int64_t time = PACED ? larger(ready, paced) : ready;
            int64_t *waited = 0;
            if (kind & READS) {
                for (const int64_t *i = in; i != in_end; ++i) {
                    fifo &f = net->fifo_list[*i];
                    if (f.read == f.written) {
                        p.waits = WAITS_FOR_PIXEL;
                        p.waits_at = *i;
                        goto blocked;
                    }
                    const int64_t from = f.write_times[f.read & f.write_mask] + 1;
                    if (from > time) {
                        time = from, waited = &f.waited_for_pixel;
                    }
                }
            }
            if (kind & WRITES) {
                for (const int64_t *i = out; i != out_end; ++i) {
                    fifo &f = net->fifo_list[*i];
                    const int64_t n = f.written - f.depth;
                    if (n < 0) {
                        continue;
                    }
                    if (n >= f.read) {
                        p.waits = WAITS_FOR_SLOT;
                        p.waits_at = *i;
                        goto blocked;
                    }
                    const int64_t from = f.read_times[n & f.read_mask] + 1;
                    if (from > time) {
                        time = from, waited = &f.waited_for_slot;
                    }
                }
            }
            if (waited) {
                *waited += time - ready;
            }
            if (kind & READS) {
                for (const int64_t *i = in; i != in_end; ++i) {
                    fifo &f = net->fifo_list[*i];
                    if (f.read_times) {
                        f.read_times[f.read & f.read_mask] = time;
                    }
                    ++f.read;
                }
            }
            if (kind & WRITES) {
                for (const int64_t *i = out; i != out_end; ++i) {
                    fifo &f = net->fifo_list[*i];
                    f.write_times[f.written++ & f.write_mask] = time;
                }
            }
            if (PACED) {
                changed += time != paced;
            }
            times[e] = last = time;
        }
        last += p.tail;
        ++done;
    blocked:
        events += e - begin;
        net->events += e - begin;
        p.next = e;
        p.last = last;
        if (PACED && changed && ends_at_change) {
            return CHANGED;
        }
        wake_peers(net, p, count, head);
        if (!PACED && net->measures) {
            for (const int64_t *i = in; i != in_end; ++i) {
                measure(net, net->fifo_list[*i], false);
            }
            for (const int64_t *i = out; i != out_end; ++i) {
                measure(net, net->fifo_list[*i], false);
            }
        }
    }
    if (done != net->processes) {
        return STUCK;
    }
    return !changed ? REPEATED : changed == events ? ALL_CHANGED : CHANGED;
}

// The reads, or writes, of a process before an event.
inline int64_t passes(const process &p, int64_t event, int kind) {
    int64_t found = p.ranks[event / BLOCK * 2 + (kind == WRITES)];
    for (int64_t e = event / BLOCK * BLOCK; e < event; ++e) {
        found += (p.kinds[e] & kind) != 0;
    }
    return found;
}

// The event that makes a read, or a write, of a frame.
inline int64_t event_of(const process &p, int kind, int64_t number) {
    int64_t low = 0, high = p.events / BLOCK;
    while (low < high) {
        const int64_t middle = (low + high + 1) / 2;
        if (p.ranks[middle * 2 + (kind == WRITES)] <= number) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    int64_t e = low * BLOCK, left = number - p.ranks[low * 2 + (kind == WRITES)];
    while (!(p.kinds[e] & kind) || left--) {
        ++e;
    }
    return e;
}

struct relaxation {
    const network *net;
    int64_t period;
    int64_t *steps;
    int64_t room, count;

    // From now on an event is not earlier than `time`.
    bool raise(int64_t number, int64_t event, int64_t time) {
        const process &p = net->process_list[number];
        if (time <= p.times[event]) {
            return true;
        }
        if (count == room || !p.slack) {
            return false;
        }
        int64_t *step = steps + 3 * count++;
        step[0] = number << 40 | event;
        step[1] = p.times[event];
        step[2] = p.times[event] = time;
        return true;
    }

    bool spread(const int64_t *step) {
        const int64_t number = step[0] >> 40, event = step[0] & ((int64_t(1) << 40) - 1), time = step[2];
        const process &p = net->process_list[number];
        if (time != p.times[event]) {
            return true; // it was raised again, and a later step is about that
        }
        const bool ends = event + 1 == p.events;
        if (!raise(number, ends ? 0 : event + 1,
                   time + (ends ? p.tail + p.gaps[0] - period : p.gaps[event + 1]))) {
            return false;
        }
        if (p.kinds[event] & WRITES) {
            const int64_t pixel = p.outputs != p.outputs_end ? passes(p, event, WRITES) : 0;
            for (const int64_t *i = p.outputs; i != p.outputs_end; ++i) {
                const int64_t peer = net->fifo_list[*i].consumer;
                if (!raise(peer, event_of(net->process_list[peer], READS, pixel), time + 1)) {
                    return false;
                }
            }
        }
        if (p.kinds[event] & READS) {
            const int64_t pixel = p.inputs != p.inputs_end ? passes(p, event, READS) : 0;
            for (const int64_t *i = p.inputs; i != p.inputs_end; ++i) {
                const fifo &f = net->fifo_list[*i];
                if (!f.bounded) {
                    continue;
                }
                const process &peer = net->process_list[f.producer];
                const int64_t pixels = passes(peer, peer.events, WRITES), write = pixel + f.depth;
                if (!raise(f.producer, event_of(peer, WRITES, write % pixels),
                           time + 1 - write / pixels * period)) {
                    return false;
                }
            }
        }
        return true;
    }

    int64_t undo() {
        while (count) {
            const int64_t *step = steps + 3 * --count;
            const process &p = net->process_list[step[0] >> 40];
            p.times[step[0] & ((int64_t(1) << 40) - 1)] = step[1];
        }
        return -1;
    }
};

} // namespace

extern "C" {

// Runs frames until `frames` are complete, or until nothing can happen any more.
//
// period   if positive, no event happens earlier than `period` cycles behind the same event of the
//          frame before, and the run ends as soon as `still` frames in a row, each preceded by at
//          least `still` frames, only repeat the frame before `period` cycles later, or as soon as
//          that can't happen any more. A frame depends on the `still` frames before it, never falls
//          when they rise, and rises by as much as all of them do. So if every event of `still`
//          frames in a row is later than that, it will be in every frame that follows.
// before   frames that the state already holds
//
// Returns the number of complete frames; *settled is set if the run ended by `still`.
int64_t run(network *net, int64_t frames, int64_t period, int64_t still, int64_t before,
            int64_t *settled) {
    int64_t quiet = 0, rising = 0;
    *settled = 0;
    for (int64_t frame = 0; frame < frames; ++frame) {
        const bool last_chance = frames - frame <= still;
        const outcome found = period > 0 ? run_frame<true>(net, period, last_chance)
                                         : run_frame<false>(net, 0, false);
        if (found == STUCK || (found != REPEATED && last_chance)) {
            return frame;
        }
        if (period > 0) {
            rising = found != ALL_CHANGED || before + frame < still ? 0 : rising + 1;
            if (rising == still) {
                return frame;
            }
            quiet = found != REPEATED || before + frame < still ? 0 : quiet + 1;
            if (quiet == still) {
                *settled = 1;
                return frame + 1;
            }
        }
    }
    return frames;
}

// Ends the measurement of what FIFOs hold; every frame that has begun is complete.
void finish(network *net) {
    for (int64_t number = 0; number < net->fifos; ++number) {
        measure(net, net->fifo_list[number], true);
    }
}

// Makes it look as if `frames` frames had just passed, the last one at the times of the events. A FIFO
// then knows its last reads, as many as it has slots.
void precede(network *net, int64_t frames, int64_t period) {
    for (int64_t number = 0; number < net->processes; ++number) {
        process &p = net->process_list[number];
        p.last = p.times[p.events - 1] + p.tail;
        for (const int64_t *i = p.inputs; i != p.inputs_end; ++i) {
            fifo &f = net->fifo_list[*i];
            f.read = f.written; // what the caller has set: the pixels of all these frames
            if (!f.read_times) {
                continue;
            }
            const int64_t oldest = f.read > f.depth ? f.read - f.depth : 0;
            int64_t n = f.read;
            for (int64_t frame = 0; frame < frames; ++frame) {
                for (int64_t e = p.events - 1; e >= 0 && n > oldest; --e) {
                    if (p.kinds[e] & READS) {
                        --n;
                        f.read_times[n & f.read_mask] = p.times[e] - frame * period;
                    }
                }
            }
        }
    }
}

// Moves the times of events, which repeat every `period` cycles, until a FIFO does with its depth: to
// the least schedule that is not earlier, event by event from those that come too early. Each raised
// event raises those that depend on it: the next one of its process, the reads of its pixels, the
// writes to its slots. What is reached when nothing is left to raise keeps every rule, so the depth
// keeps the rate; it is what `run` settles in, for the least schedule does not depend on the way.
//
// steps    [room][3] scratch: an event and its times before and after
//
// Returns the number of events that were raised. Gives up with -1, the times as they were, when there
// are too many to be worth it, or one is of a process that has not a cycle to spare: that one would
// move as a whole.
int64_t relax(const network *net, int64_t number, int64_t period, int64_t *steps, int64_t room) {
    relaxation r = {net, period, steps, room, 0};
    const fifo &trial = net->fifo_list[number];
    const process &writer = net->process_list[trial.producer], &reader = net->process_list[trial.consumer];
    const int64_t pixels = passes(reader, reader.events, READS);
    // read number -depth, in the frames before; then one read a write
    int64_t frames = -((trial.depth + pixels - 1) / pixels);
    int64_t e = event_of(reader, READS, -trial.depth - frames * pixels);
    for (int64_t w = 0; w < writer.events; ++w) {
        if (!(writer.kinds[w] & WRITES)) {
            continue;
        }
        if (!r.raise(trial.producer, w, reader.times[e] + frames * period + 1)) {
            return r.undo();
        }
        do {
            if (++e == reader.events) {
                e = 0;
                ++frames;
            }
        } while (!(reader.kinds[e] & READS));
    }
    for (int64_t done = 0; done < r.count; ++done) {
        if (!r.spread(steps + 3 * done)) {
            return r.undo();
        }
    }
    return r.count;
}

// The most pixels that a FIFO holds if the times of the events repeat every `period` cycles. A slot is
// free in the cycle behind its read.
int64_t occupancy(const network *net, int64_t number, int64_t period) {
    const fifo &f = net->fifo_list[number];
    const process &writer = net->process_list[f.producer], &reader = net->process_list[f.consumer];
    int64_t pixels = 0, first = -1;
    for (int64_t e = 0; e < reader.events; ++e) {
        if (reader.kinds[e] & READS) {
            first = first < 0 ? e : first;
            ++pixels;
        }
    }
    int64_t most = 0, written = 0, shift = 0, read = 0, e = first;
    for (int64_t w = 0; w < writer.events; ++w) {
        if (!(writer.kinds[w] & WRITES)) {
            continue;
        }
        ++written;
        if (written == 1) {
            // the frame before the one whose reads may come next
            const int64_t ahead = writer.times[w] - reader.times[first];
            const int64_t frames = ahead < 0 ? -((-ahead + period - 1) / period) : ahead / period;
            shift = frames * period;
            read = frames * pixels;
        }
        for (;;) {
            while (e < reader.events && !(reader.kinds[e] & READS)) {
                ++e;
            }
            if (e == reader.events) {
                e = first;
                shift += period;
            } else if (reader.times[e] + shift < writer.times[w]) {
                ++e;
                ++read;
            } else {
                break;
            }
        }
        most = larger(most, written - read);
    }
    return most;
}

} // extern "C"

namespace {

// Each process that is queued is the sequential program that its header is. Within an event it reads
// its inputs one after another, then writes its outputs one after another, and may stop between any two
// of them, as a thread over blocking streams does.
//
// Returns how many processes have ended their frame.
int64_t go_on_in_order(network *net, int64_t count) {
    int64_t head = 0, done = 0;
    while (count) {
        process &p = take(net, count, head);
        const int64_t ins = p.inputs_end - p.inputs, all = ins + (p.outputs_end - p.outputs);
        int64_t e = p.next, a = p.access;
        while (e < p.events) {
            const uint8_t kind = p.kinds[e];
            if (a == 0 && !(kind & READS)) {
                a = ins;
            }
            if (a == ins && !(kind & WRITES)) {
                a = all;
            }
            if (a == all) {
                a = 0;
                ++e;
                continue;
            }
            const bool reads = a < ins;
            const int64_t number = reads ? p.inputs[a] : p.outputs[a - ins];
            fifo &f = net->fifo_list[number];
            const int64_t fill = f.written - f.read;
            if (reads ? fill == 0 : fill >= f.depth) {
                p.waits = reads ? WAITS_FOR_PIXEL : WAITS_FOR_SLOT;
                p.waits_at = number;
                break;
            }
            ++(reads ? f.read : f.written);
            ++a;
            ++net->events;
        }
        p.next = e;
        p.access = a;
        done += e == p.events;
        wake_peers(net, p, count, head);
    }
    return done;
}

} // namespace

extern "C" {

// Runs one frame without times. Returns whether it is complete; `events` counts reads and writes.
int64_t run_in_order(network *net) {
    return go_on_in_order(net, start_frame(net)) == net->processes;
}

// The smallest depth of a FIFO with which run_in_order() completes a frame. What has happened when all
// wait does not depend on the order in which it happened, and can happen with a deeper FIFO too: so the
// run goes on with one slot more.
int64_t least_depth(network *net, int64_t number) {
    fifo &f = net->fifo_list[number];
    f.depth = 1;
    int64_t done = go_on_in_order(net, start_frame(net));
    while (done != net->processes) {
        ++f.depth;
        net->queue[0] = f.producer;
        net->process_list[f.producer].queued = 1;
        done += go_on_in_order(net, 1);
    }
    return f.depth;
}

} // extern "C"
