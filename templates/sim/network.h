// A network of dataflow processes on FIFOs of limited depth: C simulation only, never synthesised.
//
// Each process runs on a stack of its own and gives way to another one where it reads an empty FIFO or
// writes a full one. One thread runs them all. What is written to every FIFO does not depend on who
// runs when (Kahn, "The semantics of a simple language for parallel programming", 1974), and neither
// does whether the network stops before its end: a process that waits goes on only by what the one at
// the FIFO's other end does. So one order proves all orders, those of the hardware's clock included,
// as long as processes do nothing but blocking reads and writes; a stream has nothing else to offer.
//
// When no process can go on, each one that has not ended waits for exactly one other. Following these
// from any process ends in a cycle (a deadlock) or at a process that has ended (it wrote too few
// pixels, or read too few).
#ifndef FCN_HW_SIM_NETWORK_H_
#define FCN_HW_SIM_NETWORK_H_

#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
#error "Compile with -U_FORTIFY_SOURCE: its check of longjmp takes a change of stacks for an overflow."
#endif

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fcn_hw {
namespace sim {

// Ends the simulation: the network itself is wrong.
[[noreturn]] inline void give_up(const std::string &why) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", why.c_str());
    std::exit(1);
}

// Memory of a stack, as large as that of a program's main thread commonly is. Pages that are not
// touched take no memory, and the lowest one ends the program instead of overwriting a neighbour.
class stack_memory {
  public:
    static constexpr std::size_t size = std::size_t(8) << 20;

    stack_memory()
        : start(mmap(nullptr, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
        if (start == MAP_FAILED || mprotect(start, std::size_t(sysconf(_SC_PAGESIZE)), PROT_NONE)) {
            give_up(std::string("no memory for the stack of a process: ") + std::strerror(errno));
        }
    }
    ~stack_memory() { munmap(start, size); }
    stack_memory(const stack_memory &) = delete;
    stack_memory &operator=(const stack_memory &) = delete;

    void *const start;
};

class process;

// What the scheduler knows of a stream. Invariant: fill <= depth.
class fifo {
  public:
    explicit fifo(const std::string &name) : name(name) {}
    virtual ~fifo() {}
    fifo(const fifo &) = delete;
    fifo &operator=(const fifo &) = delete;

    // Empties the FIFO and lets it hold `pixels` pixels.
    virtual void set_depth(std::size_t pixels) = 0;

    const std::string name;
    std::size_t depth = 0;
    std::size_t fill = 0;
    std::size_t peak = 0; // largest fill so far
    process *writer = nullptr;
    process *reader = nullptr;
};

enum class wait_t { none, read, write };

// A process, and for which FIFO it waits.
class process {
  public:
    process(const std::string &name, std::function<void()> frame) : name(name), frame(frame) {}

    const std::string name;
    const std::function<void()> frame; // computes one frame
    long frames_done = 0;
    bool ended = false;
    wait_t wait = wait_t::none;
    fifo *waits_at = nullptr;

    // Whom it waits for.
    process *waits_for() const { return wait == wait_t::read ? waits_at->writer : waits_at->reader; }

    // Where it goes on. A first run starts on its stack by setcontext(); later changes of stacks take
    // _setjmp() and _longjmp(), which are ten times as fast as swapcontext() with its system call.
    bool started = false;
    ucontext_t entry;
    jmp_buf place;
    stack_memory stack;
};

// All processes and FIFOs, and the scheduler.
class network {
  public:
    network(const std::string &name, long frames) : name(name), frames(frames) {}
    network(const network &) = delete;
    network &operator=(const network &) = delete;

    void add_fifo(fifo &item, std::size_t depth) {
        item.set_depth(depth);
        fifos.push_back(&item);
    }

    // Adds a process; `frame` reads and writes the streams of one frame.
    //
    // A stream has one writer and one reader (UG1399, canonical dataflow); a second one is an error.
    void add_process(const std::string &name, const std::vector<fifo *> &reads,
                     const std::vector<fifo *> &writes, std::function<void()> frame) {
        processes.emplace_back(new process(name, frame));
        process *added = processes.back().get();
        for (fifo *item : reads) {
            take(item->reader, added, *item, "read");
        }
        for (fifo *item : writes) {
            take(item->writer, added, *item, "written");
        }
    }

    // Sets a FIFO's depth by an argument `name=depth`; false if it is none.
    bool set_depth(const char *argument) {
        const char *equals = std::strchr(argument, '=');
        char *end = nullptr;
        const long depth = equals ? std::strtol(equals + 1, &end, 10) : 0;
        if (depth < 1 || *end != '\0') {
            return false;
        }
        for (fifo *item : fifos) {
            if (item->name.compare(0, std::string::npos, argument, equals - argument) == 0) {
                item->set_depth(depth);
                return true;
            }
        }
        return false;
    }

    // Runs every process for all frames and reports to the file; the program's exit status.
    int run(const char *report_path) {
        for (fifo *item : fifos) {
            if (!item->writer || !item->reader) {
                give_up("FIFO '" + item->name + "' has no " + (item->writer ? "reader" : "writer"));
            }
        }
        instance() = this;
        for (const std::unique_ptr<process> &item : processes) {
            prepare(*item);
            ready.push_back(item.get());
        }
        go_on(scheduler);
        return report(report_path) ? 0 : 1;
    }

    // Tells who watches that one more frame has left the network.
    void count_frame() {
        std::printf("frame %ld of %ld\n", ++frames_out, frames);
        std::fflush(stdout);
    }

    // The running process waits at a FIFO and others go on, until a wake().
    void block(fifo &item, wait_t why) {
        process *self = running;
        const process *owner = why == wait_t::read ? item.reader : item.writer;
        if (self != owner) {
            give_up("process '" + self->name + "' uses FIFO '" + item.name + "', which belongs to " +
                    (owner ? "'" + owner->name + "'" : "no process"));
        }
        self->wait = why;
        self->waits_at = &item;
        go_on(self->place);
    }

    // Lets a process go on that waits at the FIFO for this reason.
    void wake(process *item, const fifo &at, wait_t why) {
        if (item->wait == why && item->waits_at == &at) {
            item->wait = wait_t::none;
            ready.push_back(item);
        }
    }

    // The network that runs.
    static network *&instance() {
        static network *current = nullptr;
        return current;
    }

  private:
    static void take(process *&end, process *by, const fifo &item, const char *done) {
        if (end) {
            give_up("FIFO '" + item.name + "' is " + done + " by '" + end->name + "' and by '" +
                    by->name + "'");
        }
        end = by;
    }

    static void prepare(process &item) {
        getcontext(&item.entry);
        item.entry.uc_stack.ss_sp = item.stack.start;
        item.entry.uc_stack.ss_size = stack_memory::size;
        item.entry.uc_link = nullptr;
        makecontext(&item.entry, &network::body, 0);
    }

    // What runs on each stack.
    static void body() {
        network &self = *instance();
        process &me = *self.running;
        for (; me.frames_done < self.frames; ++me.frames_done) {
            me.frame();
        }
        me.ended = true;
        self.go_on(me.place);
    }

    // Goes on with the next process that can, or with the scheduler if there is none; returns when
    // the caller's turn has come again.
    void go_on(jmp_buf &caller) {
        if (_setjmp(caller)) {
            return;
        }
        if (ready.empty()) {
            _longjmp(scheduler, 1);
        }
        running = ready.front();
        ready.pop_front();
        if (running->started) {
            _longjmp(running->place, 1);
        }
        running->started = true;
        setcontext(&running->entry);
        give_up(std::string("a process can't be started: ") + std::strerror(errno));
    }

    // The cycle of waiting processes, or the chain that leads to one that has ended.
    std::vector<const process *> waiting() const {
        std::vector<const process *> path;
        for (const std::unique_ptr<process> &item : processes) {
            if (item->ended) {
                continue;
            }
            const process *next = item.get();
            while (!next->ended) {
                for (std::size_t n = 0; n < path.size(); ++n) {
                    if (path[n] == next) {
                        path.erase(path.begin(), path.begin() + n);
                        return path;
                    }
                }
                path.push_back(next);
                next = next->waits_for();
            }
            return std::vector<const process *>(1, path.back());
        }
        return path;
    }

    // Writes the report; true if every process has ended and every FIFO is empty.
    bool report(const char *path) const {
        const std::vector<const process *> stuck = waiting();
        const char *state = "finished";
        for (const fifo *item : fifos) {
            if (item->fill) {
                state = "leftover"; // the writer wrote more than the reader wants
            }
        }
        if (!stuck.empty()) {
            state = !stuck[0]->waits_for()->ended        ? "deadlock"
                    : stuck[0]->wait == wait_t::read ? "underflow"
                                                         : "leftover";
        }
        std::FILE *file = std::fopen(path, "w");
        if (!file) {
            give_up(std::string(path) + ": " + std::strerror(errno));
        }
        std::fprintf(file, "{\"network\": \"%s\", \"state\": \"%s\", \"frames\": %ld,\n \"waits\": [",
                     name.c_str(), state, frames);
        const char *comma = "\n";
        for (const process *item : stuck) {
            const bool reads = item->wait == wait_t::read;
            std::fprintf(stderr, "%s waits to %s %s, %s (%zu of %zu), for %s\n", item->name.c_str(),
                         reads ? "read" : "write", item->waits_at->name.c_str(),
                         reads ? "empty" : "full", item->waits_at->fill, item->waits_at->depth,
                         item->waits_for()->name.c_str());
            std::fprintf(file,
                         "%s  {\"process\": \"%s\", \"frame\": %ld, \"action\": \"%s\", "
                         "\"fifo\": \"%s\", \"waits_for\": \"%s\"}",
                         comma, item->name.c_str(), item->frames_done, reads ? "read" : "write",
                         item->waits_at->name.c_str(), item->waits_for()->name.c_str());
            comma = ",\n";
        }
        std::fprintf(file, "],\n \"fifos\": [");
        comma = "\n";
        for (const fifo *item : fifos) {
            std::fprintf(file,
                         "%s  {\"name\": \"%s\", \"depth\": %zu, \"fill\": %zu, \"peak\": %zu, "
                         "\"writer\": \"%s\", \"reader\": \"%s\"}",
                         comma, item->name.c_str(), item->depth, item->fill, item->peak,
                         item->writer->name.c_str(), item->reader->name.c_str());
            comma = ",\n";
        }
        std::fprintf(file, "]}\n");
        if (std::fclose(file)) {
            give_up(std::string(path) + ": " + std::strerror(errno));
        }
        std::fprintf(stderr, "%s: %s\n", name.c_str(), state);
        return std::strcmp(state, "finished") == 0;
    }

    const std::string name;
    const long frames;
    long frames_out = 0;
    std::vector<fifo *> fifos;
    std::vector<std::unique_ptr<process>> processes;
    std::deque<process *> ready;
    process *running = nullptr;
    jmp_buf scheduler;
};

} // namespace sim
} // namespace fcn_hw

#endif
