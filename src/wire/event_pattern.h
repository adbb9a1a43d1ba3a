// Most events of a stream differ from the one before in the text of a string or two and in nothing else. A pattern
// learned from two such events knows the next one by comparing bytes, without reading its JSON: what was found out
// about the one (its members, where its `usage` stands) holds for the other. Thread rule: one owner. Limits: kMaxHoles
// strings that differ, events of kMaxEventBytes to learn from.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "json/span.h"

namespace weir::wire {

class EventPattern {
  public:
    static constexpr std::size_t kMaxHoles = 4;
    static constexpr std::size_t kMaxEventBytes = 4096;

    // Offsets into an event that was recognised.
    struct Match {
        std::size_t size = 0;  // of the whole event; 0: it is not alike, or not here to its end
        std::size_t cut = 0;   // where the span begins that learn() was told of
    };

    // Whether it is worth while to learn from such an event: one data line of an object, LF for a line end.
    static bool learnable(std::string_view event);

    // The object of such an event.
    static std::string_view data(std::string_view event);

    // Replaces the pattern by what is common to two learnable events, of which `event` is without its span `cut` (which
    // may be empty) where it is relayed. false, and no pattern, where they differ in more than the values of members
    // that are strings. The pattern is worth nothing unless `event` is well-formed JSON, which is not checked here.
    bool learn(std::string_view before, std::string_view event, json::Span cut);
    void forget() { parts_ = 0; }
    bool known() const { return parts_ > 0; }

    // Compares what stands at the beginning of `bytes`. Strings may hold any text; it is not checked further.
    Match match(std::string_view bytes) const;
    std::size_t cut_bytes() const { return cut_bytes_; }

  private:
    std::string fixed_;  // the parts between the holes, joined
    std::array<std::size_t, kMaxHoles + 1> part_bytes_{};
    std::size_t parts_ = 0;
    std::size_t cut_part_ = 0;  // the part that holds the cut, and where in it
    std::size_t cut_offset_ = 0;
    std::size_t cut_bytes_ = 0;
};

}  // namespace weir::wire
