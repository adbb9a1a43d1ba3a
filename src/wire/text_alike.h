// Most events of a stream differ from one that was read in the inside of one string alone, the text of the model. Knows
// such events by comparing bytes, and gives their text without reading their JSON: for streams that are translated
// (EventPattern is its sister for those that are relayed, and checks no text). Thread rule: one owner.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/sse.h"
#include "json/span.h"

namespace weir::wire {

class TextAlike {
  public:
    // Learns from an event as the splitter gave it, whose data was found to be well-formed; `text`: the string in it,
    // with its quotes. Events in several data lines, or with a CR, teach nothing.
    void learn(const http::SseSplitter::Event& event, json::Span text);
    void forget() { before_.clear(); }
    bool known() const { return !before_.empty(); }

    struct Match {
        std::size_t size = 0;        // of the whole event; 0: it is not alike, not here to its end, or has to be read
        std::string_view text;       // as it is spelled, without quotes; never empty
        std::size_t characters = 0;  // Unicode characters of it
    };
    // What stands at the beginning of `bytes`. Its text is UTF-8 and has no escapes but simple ones.
    Match match(std::string_view bytes) const;

  private:
    std::string before_, behind_;  // what stands around the text, quotes included
};

}  // namespace weir::wire
