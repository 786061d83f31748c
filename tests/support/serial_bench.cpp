// Drives the serial line of the Verilated fcn_hw_serial bit by bit.
//
//   bench PERIOD              bytes of standard input go to uart_rx, those of uart_tx to standard output
//   bench PERIOD EVENT ...    the events, then until the line has been quiet for a while
//
// PERIOD: clocks a bit of this side, a fraction too. An event: two hex digits, a byte; the same with '!',
// a byte whose stop bit is 0; 'break', the line at 0 for three bytes; 'wait', 3,000 clocks of nothing.
#include "Vfcn_hw_serial.h"
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <verilated.h>

static Vfcn_hw_serial top;
static long clock_count = 0;

static void clock_edge() {
    top.clk = 0;
    top.eval();
    top.clk = 1;
    top.eval();
    clock_count++;
}

struct Sender {  // levels of the line, each for some bits
    std::deque<std::pair<bool, double>> levels;
    double until = 0;
    void push(bool level, double bits) { levels.push_back({level, bits}); }
    void byte(int value, bool stop = true) {
        push(false, 1);
        for (int bit = 0; bit < 8; bit++) push(value >> bit & 1, 1);
        push(stop, 1);
        if (!stop) push(true, 2);
    }
    bool idle() const { return levels.empty() && clock_count >= until; }
    bool level(double period) {
        static bool now = true;
        if (clock_count >= until) {
            if (levels.empty()) return now = true;
            now = levels.front().first;
            until = (until > clock_count - 1 ? until : clock_count) + levels.front().second * period;
            levels.pop_front();
        }
        return now;
    }
};

struct Receiver {  // samples each bit in its middle
    int count = -1, value = 0;
    double at = 0;
    bool sample(bool level, double period, int &byte) {
        if (count < 0) {
            if (!level) count = 0, value = 0, at = clock_count + 0.5 * period;
            return false;
        }
        if (clock_count < at) return false;
        at += period;
        int bit = count++;
        if (bit == 0) {
            if (level) count = -1;
            return false;
        }
        if (bit <= 8) {
            value |= int(level) << (bit - 1);
            return false;
        }
        count = -1;
        byte = level ? value : -1;
        return true;
    }
};

int main(int argc, char **argv) {
    double period = atof(argv[1]);
    bool live = argc == 2;
    Sender sender;
    Receiver receiver;
    top.rst = 1;
    top.uart_rx = 1;
    for (int n = 0; n < 4; n++) clock_edge();
    top.rst = 0;
    for (int n = 2; n < argc; n++) {
        std::string event = argv[n];
        if (event == "break") sender.push(false, 30), sender.push(true, 3);
        else if (event == "wait") sender.push(true, 3000 / period);
        else sender.byte(strtol(event.substr(0, 2).c_str(), nullptr, 16), event.size() == 2);
    }
    long quiet_since = 0;
    while (live || clock_count - quiet_since < 20000) {
        if (live && sender.idle() && clock_count % 64 == 0) {
            pollfd wanted = {0, POLLIN, 0};
            unsigned char data[64];
            // where nothing is under way the host is waited for, for some milliseconds
            if (poll(&wanted, 1, clock_count - quiet_since > 20000 ? 5 : 0) > 0) {
                long count = read(0, data, sizeof data);
                if (count <= 0) break;
                for (long n = 0; n < count; n++) sender.byte(data[n]);
            }
        }
        top.uart_rx = sender.level(period);
        clock_edge();
        int byte;
        if (!sender.idle()) quiet_since = clock_count;
        if (receiver.sample(top.uart_tx, period, byte)) {
            quiet_since = clock_count;
            if (byte < 0) return fprintf(stderr, "a stop bit is 0\n"), 1;
            unsigned char out = byte;
            if (write(1, &out, 1) != 1) break;
        }
    }
    return 0;
}
