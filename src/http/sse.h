// Splits a text/event-stream (WHATWG HTML, 9.2) into events without copying what lies whole in the input.
// Lines end with LF, CR LF or CR. A blank line ends an event; one with nothing before it is an event by itself with
// empty data, so that the raws laid end to end are the stream, byte for byte, whatever it holds.
// A CR that ends a blank line waits for the next byte (its LF as a rule), except after a line that ended with CR alone:
// such a stream is taken to use CR throughout, and an LF after all begins the next event's raw without being a line.
// Thread rule: one splitter a stream. Limits: one event at most `max_event_bytes` (default 4 MiB), raw; a longer one
// fails the stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::http {

class SseSplitter {
  public:
    enum class State : std::uint8_t { event, need_more, too_large };

    // The views are valid until the next call of next() or feed(), and no longer than the bytes given to feed().
    struct Event {
        std::string_view raw;   // the event as it came, with the blank line that ends it (comments: likewise)
        std::string_view data;  // its data lines, joined by '\n' where there are several
        std::string_view name;  // its event field; empty where there is none
    };

    explicit SseSplitter(std::size_t max_event_bytes = 4u << 20) : max_event_bytes_(max_event_bytes) {}

    // Hands over bytes; they must stay valid until next() returned need_more (which keeps what is left by itself).
    // Call it only before the first next() and after need_more.
    void feed(std::string_view bytes) { input_ = bytes; }
    // too_large lasts.
    State next(Event& out);
    // What was fed and not looked at yet, where that begins with an event's beginning; empty otherwise.
    std::string_view ahead() const {
        const bool between = at_ == At::line_start && lines_ == 0 && !skip_lf_ && (release_held_ || held_.empty());
        return between && !failed_ ? input_ : std::string_view();
    }
    // Leaves out `bytes` bytes of what is ahead: whole events, as next() would find them, that the caller knows
    // already.
    void skip(std::size_t bytes) {
        input_.remove_prefix(bytes);
        stream_start_ &= bytes == 0;
    }
    // Bytes of an unfinished event that are held back; a stream that ends with any was cut off.
    std::size_t pending() const;

  private:
    enum class At : std::uint8_t {
        line_start,  // nothing of this line was seen yet
        text,        // inside a line
        cr,          // after the CR of a line that is not blank
        blank_cr,    // after the CR of a blank line: an LF belongs to it, anything else to the next event
    };

    bool find_end(std::size_t& length);
    void begin_event();
    void read_fields(Event& out);

    std::size_t max_event_bytes_;
    std::string held_;         // an event's beginning from earlier input
    std::string_view input_;   // what feed() gave and next() has not used
    std::string joined_;       // data of events with several data lines
    At at_ = At::line_start;   // how far the event was read
    std::uint32_t lines_ = 0;  // line ends in it so far, blank line included
    bool skip_lf_ = false;     // an LF at the event's beginning belongs to the CR before it
    bool stream_start_ = true;
    bool release_held_ = false;  // held_ was handed out: drop it at the next call
    bool failed_ = false;
};

// Hands over `bytes`; `take` gets each whole event and returns Result<void>. Errors: take's; too_large: an event over
// the splitter's limit.
template <class Take>
Result<void> feed_events(SseSplitter& splitter, std::string_view bytes, Take take) {
    splitter.feed(bytes);
    SseSplitter::Event event;
    while (true) {
        switch (splitter.next(event)) {
            case SseSplitter::State::need_more:
                return {};
            case SseSplitter::State::too_large:
                return fail(ErrorCode::too_large, "an event of the stream is too large");
            case SseSplitter::State::event:
                if (Result<void> taken = take(event); !taken) return taken;
        }
    }
}

// An event without data that is a comment keeps the connection alive: appends it as one. Others are passed over.
void append_comment(const SseSplitter::Event& event, std::string& out);

}  // namespace weir::http
