// Splits a text/event-stream (WHATWG HTML, 9.2) into events without copying what lies whole in the input.
// Thread rule: one splitter a stream. Limits: one event at most `max_event_bytes` (default 4 MiB).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::http {

class SseSplitter {
  public:
    enum class State : std::uint8_t { event, need_more, too_large };

    struct Event {
        std::string_view raw;    // the event as it came, with the blank line that ends it (comments: likewise)
        std::string_view data;   // its data lines, joined by '\n' where there are several; valid until the next call
        std::string_view name;   // its event field; empty where there is none
    };

    explicit SseSplitter(std::size_t max_event_bytes = 4u << 20) : max_event_bytes_(max_event_bytes) {}

    // Hands over bytes; they must stay valid until next() returned need_more (which keeps what is left by itself).
    void feed(std::string_view bytes);
    State next(Event& out);
    // Bytes of an unfinished event that are held back; a stream that ends with any was cut off.
    std::size_t pending() const;

  private:
    std::size_t max_event_bytes_;
    std::string held_;          // an event's beginning from earlier input
    std::string_view input_;    // what feed() gave and next() has not used
    std::string joined_;        // data of events with several data lines
    bool release_held_ = false;
};

}  // namespace weir::http
