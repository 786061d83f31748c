// What the tests of lint need of the tool's headers: parsed in no time, unlike the real ones.
#ifndef LINT_VENDOR_HLS_STREAM_H_
#define LINT_VENDOR_HLS_STREAM_H_

namespace hls {
template <class T> class stream {
  public:
    stream() {}
    explicit stream(const char *) {}
    T read();
    void write(const T &value);
    void operator>>(T &value);
    void operator<<(const T &value);
    bool empty() const;
};
} // namespace hls

#endif
