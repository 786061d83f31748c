// Runs dataflow processes over bounded FIFOs, pixel by pixel. The engine of fcn_hw.dataflow, compiled
// when it is first needed and called through ctypes: no C++ library, no allocation.
//
// Process p repeats the events first_event[p] .. first_event[p+1]-1, once a frame. An event happens
// `gap` cycles behind the one before or later: when every input that it reads holds a pixel that was
// written in an earlier cycle, and every output that it writes has a slot that was free in an earlier
// cycle. An event reads all inputs of its process, writes all outputs, or both.
//
// Invariant: frame n of every process is complete before an event of frame n+1 is computed. This is
// only the order of the computation; the times overlap. FIFOs are empty between frames, because every
// process reads and writes whole frames.

#include <stdint.h>

namespace {

enum { READS = 1, WRITES = 2 };
enum { WAITS_FOR_NOTHING = 0, WAITS_FOR_PIXEL = 1, WAITS_FOR_SLOT = 2 };

} // namespace

extern "C" {

// The network; filled in by fcn_hw/dataflow/engine.py, same order there.
struct network {
    int64_t processes, fifos;
    const int64_t *first_event; // [processes + 1]
    const int64_t *gaps;        // [events]
    const uint8_t *kinds;       // [events] READS | WRITES
    const int64_t *tails;       // [processes] cycles behind the last event of a frame
    const int64_t *first_input; // [processes + 1] into `inputs`
    const int64_t *inputs;      // FIFOs
    const int64_t *first_output;
    const int64_t *outputs;
    const int64_t *producer; // [fifos]
    const int64_t *consumer; // [fifos]
    const int64_t *depths;   // [fifos]
};

// What a run leaves; the caller allocates.
struct state {
    int64_t *times;       // [events] time of the event in the last frame
    const int64_t *first_slot; // [fifos] into write_times and read_times
    const int64_t *slot_masks; // [fifos] slots of the FIFO's ring, a power of two, minus 1
    int64_t *write_times;      // rings of the times of the last pixels
    int64_t *read_times;
    int64_t *written; // [fifos] pixels, in all frames
    int64_t *read;    // [fifos]
    int64_t *next;    // [processes] event at hand
    int64_t *last;    // [processes] time of the event before; of the end of the frame at its start
    int64_t *waits;   // [processes] WAITS_FOR_...
    int64_t *waits_at; // [processes] the FIFO it waits at
    int64_t *queue;    // [processes] scratch
    uint8_t *queued;   // [processes] scratch
    int64_t *waited_for_pixel; // [fifos] cycles that the consumer waited for it
    int64_t *waited_for_slot;  // [fifos] cycles that the producer waited for it
    int64_t events;            // events that happened
};

// Runs frames until `frames` are complete, or until nothing can happen any more.
//
// period   if positive, no event happens earlier than `period` cycles behind the same event of the
//          frame before, and the run ends as soon as `still` frames in a row, each preceded by at
//          least `still` frames, only repeat the frame before `period` cycles later
// before   frames that the state already holds
//
// Returns the number of complete frames; *settled is set if the run ended by `still`.
int64_t run(const network *net, state *s, int64_t frames, int64_t period, int64_t still,
            int64_t before, int64_t *settled) {
    int64_t quiet = 0;
    *settled = 0;
    for (int64_t frame = 0; frame < frames; ++frame) {
        int64_t head = 0, count = 0, done = 0, changed = 0;
        for (int64_t p = 0; p < net->processes; ++p) {
            s->next[p] = net->first_event[p];
            s->queue[count++] = p;
            s->queued[p] = 1;
            s->waits[p] = WAITS_FOR_NOTHING;
        }
        while (count) {
            const int64_t p = s->queue[head];
            head = head + 1 == net->processes ? 0 : head + 1;
            --count;
            s->queued[p] = 0;
            const int64_t end = net->first_event[p + 1];
            const int64_t *in = net->inputs + net->first_input[p];
            const int64_t *in_end = net->inputs + net->first_input[p + 1];
            const int64_t *out = net->outputs + net->first_output[p];
            const int64_t *out_end = net->outputs + net->first_output[p + 1];
            int64_t e = s->next[p], last = s->last[p];
            s->waits[p] = WAITS_FOR_NOTHING;
            for (; e < end; ++e) {
                const uint8_t kind = net->kinds[e];
                const int64_t ready = last + net->gaps[e];
                int64_t time = ready, cause = -1, cause_kind = 0;
                if (period > 0 && s->times[e] + period > time) {
                    time = s->times[e] + period;
                }
                if (kind & READS) {
                    for (const int64_t *f = in; f != in_end; ++f) {
                        const int64_t n = s->read[*f];
                        if (n == s->written[*f]) {
                            s->waits[p] = WAITS_FOR_PIXEL;
                            s->waits_at[p] = *f;
                            goto blocked;
                        }
                        const int64_t from = s->write_times[s->first_slot[*f] + (n & s->slot_masks[*f])] + 1;
                        if (from > time) {
                            time = from, cause = *f, cause_kind = WAITS_FOR_PIXEL;
                        }
                    }
                }
                if (kind & WRITES) {
                    for (const int64_t *f = out; f != out_end; ++f) {
                        const int64_t n = s->written[*f] - net->depths[*f];
                        if (n < 0) {
                            continue;
                        }
                        if (n >= s->read[*f]) {
                            s->waits[p] = WAITS_FOR_SLOT;
                            s->waits_at[p] = *f;
                            goto blocked;
                        }
                        const int64_t from = s->read_times[s->first_slot[*f] + (n & s->slot_masks[*f])] + 1;
                        if (from > time) {
                            time = from, cause = *f, cause_kind = WAITS_FOR_SLOT;
                        }
                    }
                }
                if (cause >= 0) {
                    (cause_kind == WAITS_FOR_PIXEL ? s->waited_for_pixel : s->waited_for_slot)[cause] +=
                        time - ready;
                }
                if (kind & READS) {
                    for (const int64_t *f = in; f != in_end; ++f) {
                        s->read_times[s->first_slot[*f] + (s->read[*f]++ & s->slot_masks[*f])] = time;
                        const int64_t peer = net->producer[*f];
                        if (!s->queued[peer] && s->waits[peer] == WAITS_FOR_SLOT &&
                            s->waits_at[peer] == *f) {
                            s->queue[(head + count++) % net->processes] = peer;
                            s->queued[peer] = 1;
                        }
                    }
                }
                if (kind & WRITES) {
                    for (const int64_t *f = out; f != out_end; ++f) {
                        s->write_times[s->first_slot[*f] + (s->written[*f]++ & s->slot_masks[*f])] = time;
                        const int64_t peer = net->consumer[*f];
                        if (!s->queued[peer] && s->waits[peer] == WAITS_FOR_PIXEL &&
                            s->waits_at[peer] == *f) {
                            s->queue[(head + count++) % net->processes] = peer;
                            s->queued[peer] = 1;
                        }
                    }
                }
                if (period > 0) {
                    changed |= time != s->times[e] + period;
                }
                s->times[e] = time;
                last = time;
                ++s->events;
            }
            last += net->tails[p];
            ++done;
        blocked:
            s->next[p] = e;
            s->last[p] = last;
        }
        if (done != net->processes) {
            return frame;
        }
        if (period > 0) {
            quiet = changed || before + frame < still ? 0 : quiet + 1;
            if (quiet == still) {
                *settled = 1;
                return frame + 1;
            }
        }
    }
    return frames;
}

// Runs one frame without times: each process is the sequential program that its header is. Within an
// event it reads its inputs one after another, then writes its outputs one after another, and may stop
// between any two of them, as a thread over blocking streams does.
//
// s->next counts events, access[p] the reads and writes done of the event at hand.
//
// Returns whether the frame is complete.
int64_t run_in_order(const network *net, state *s, int64_t *access) {
    int64_t head = 0, count = 0, done = 0;
    for (int64_t p = 0; p < net->processes; ++p) {
        s->next[p] = net->first_event[p];
        access[p] = 0;
        s->queue[count++] = p;
        s->queued[p] = 1;
        s->waits[p] = WAITS_FOR_NOTHING;
    }
    while (count) {
        const int64_t p = s->queue[head];
        head = head + 1 == net->processes ? 0 : head + 1;
        --count;
        s->queued[p] = 0;
        s->waits[p] = WAITS_FOR_NOTHING;
        const int64_t *in = net->inputs + net->first_input[p];
        const int64_t *out = net->outputs + net->first_output[p];
        const int64_t ins = net->first_input[p + 1] - net->first_input[p];
        const int64_t all = ins + net->first_output[p + 1] - net->first_output[p];
        int64_t e = s->next[p], a = access[p];
        while (e < net->first_event[p + 1]) {
            const uint8_t kind = net->kinds[e];
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
            const int64_t f = a < ins ? in[a] : out[a - ins];
            const int64_t fill = s->written[f] - s->read[f];
            if (a < ins ? fill == 0 : fill >= net->depths[f]) {
                s->waits[p] = a < ins ? WAITS_FOR_PIXEL : WAITS_FOR_SLOT;
                s->waits_at[p] = f;
                break;
            }
            const int64_t peer = a < ins ? net->producer[f] : net->consumer[f];
            ++(a < ins ? s->read : s->written)[f];
            if (!s->queued[peer] && s->waits[peer] == (a < ins ? WAITS_FOR_SLOT : WAITS_FOR_PIXEL) &&
                s->waits_at[peer] == f) {
                s->queue[(head + count++) % net->processes] = peer;
                s->queued[peer] = 1;
            }
            ++a;
            ++s->events;
        }
        s->next[p] = e;
        access[p] = a;
        done += e == net->first_event[p + 1];
    }
    return done == net->processes;
}

} // extern "C"
