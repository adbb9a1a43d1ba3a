// Messages: the open blocks are closed, then comes what max_tokens ends with.
#include <algorithm>
#include <vector>

#include "json/scan.h"
#include "wire/provider_form.h"
#include "wire/stream_ending.h"

namespace weir::wire {
namespace {

class MessagesEnding final : public StreamEnding {
    static constexpr std::size_t kMostOpen = 64;  // blocks; there is one as a rule

    State take(const http::SseSplitter::Event& event, State state) override {
        const std::string type = event_type(event);
        if (type == "message_start") return State::open;
        if (type == "message_delta" || type == "message_stop" || type == "error") return State::ended;
        if (type == "content_block_start") begin_block(index_of(event.data));
        if (type == "content_block_stop") std::erase(open_, index_of(event.data));
        return state;
    }

    void begin_block(std::int64_t index) {
        const bool known = std::find(open_.begin(), open_.end(), index) != open_.end();
        if (!known && open_.size() < kMostOpen) open_.push_back(index);
    }

    std::optional<json::Span> telling(std::string_view data) const override {
        return json::find_member(data, {0, data.size()}, "type").value_or(json::Span{});
    }

    static std::int64_t index_of(std::string_view data) {
        const auto index = json::find_member(data, {0, data.size()}, "index");
        return index ? json::as_int64(index->of(data)).value_or(0) : 0;
    }

    void append_end(const Usage& usage, std::string& out) override {
        for (const std::int64_t index : open_) {
            out += "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":";
            out += std::to_string(index) + "}\n\n";
        }
        out +=
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\","
            "\"stop_sequence\":null},\"usage\":{\"output_tokens\":";
        out += std::to_string(usage.output) + "}}\n\n";
        out += "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    }

    std::vector<std::int64_t> open_;
};

}  // namespace

std::unique_ptr<StreamEnding> messages_ending() {
    return std::make_unique<MessagesEnding>();
}

}  // namespace weir::wire
