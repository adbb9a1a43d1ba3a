#include "wire/stream_ending.h"

#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/provider_form.h"
#include "wire/usage_form.h"

namespace weir::wire {

void StreamEnding::feed(std::string_view bytes) {
    if (state_ == State::ended) return;
    const Result<void> fed = http::feed_events(splitter_, bytes, [this](const http::SseSplitter::Event& event) {
        if (!event.data.empty() && state_ != State::ended) state_ = take(event, state_);
        return Result<void>();
    });
    if (!fed) state_ = State::ended;
}

bool StreamEnding::end(const Usage& usage, std::string& out) {
    if (state_ != State::open) return false;
    state_ = State::ended;
    append_end(usage, out);
    return true;
}

namespace {

// Chat and Completions, whose chunks differ in what a choice says.
class ChoicesEnding final : public StreamEnding {
  public:
    ChoicesEnding(std::string_view empty_choice, bool with_usage)
        : empty_choice_(empty_choice), with_usage_(with_usage) {}

  private:
    static constexpr std::int64_t kMostChoices = 1024;

    State take(const http::SseSplitter::Event& event, State) override {
        if (event.data == "[DONE]" || is_error_event(event)) return State::ended;
        const std::string_view chunk = event.data;
        for (json::Walk member(chunk, {0, chunk.size()}); member.next();) {
            if (!member.key_is("choices")) continue;
            for (json::Walk choice(chunk, member.value()); choice.next();) take_choice(chunk, choice.value());
        }
        if (head_.empty() && !finished_.empty()) take_head(chunk);
        for (const bool finished : finished_) {
            if (!finished) return State::open;
        }
        return State::waiting;
    }

    void take_choice(std::string_view chunk, json::Span choice) {
        std::int64_t index = 0;
        bool finishes = false;
        for (json::Walk member(chunk, choice); member.next();) {
            if (member.key_is("index")) index = json::as_int64(member.raw()).value_or(0);
            if (member.key_is("finish_reason")) finishes = json::is_string(member.raw());
        }
        if (index < 0 || index >= kMostChoices) return;
        const auto at = static_cast<std::size_t>(index);
        if (finished_.size() <= at) finished_.resize(at + 1, true);
        finished_[at] = finishes;
    }

    // What all chunks of a stream have in common.
    void take_head(std::string_view chunk) {
        static constexpr std::array<std::string_view, 6> kCommon{"id",    "object",       "created",
                                                                 "model", "service_tier", "system_fingerprint"};
        std::vector<json::Member> members;
        if (!json::members(chunk, members)) return;
        for (const json::Member& member : members) {
            for (const std::string_view common : kCommon) {
                if (member.key != common) continue;
                head_ += member.key_span.of(chunk);
                head_ += ':';
                head_ += member.raw(chunk);
                head_ += ',';
            }
        }
    }

    void append_end(const Usage& usage, std::string& out) override {
        for (std::size_t i = 0; i < finished_.size(); ++i) {
            if (finished_[i]) continue;
            out += "data: {" + head_ + R"("choices":[{"index":)" + std::to_string(i) + ',';
            out += empty_choice_;
            out += R"(,"logprobs":null,"finish_reason":"length"}]})";
            out += "\n\n";
        }
        if (with_usage_) {
            out += "data: {" + head_ + R"("choices":[],"usage":)";
            append_chat_usage(usage, out);
            out += "}\n\n";
        }
        out += "data: [DONE]\n\n";
    }

    const std::string_view empty_choice_;
    const bool with_usage_;
    std::string head_;            // members, each with its comma
    std::vector<bool> finished_;  // by index; those that were not heard of are
};

}  // namespace

std::unique_ptr<StreamEnding> ending_of(std::string_view api, bool with_usage) {
    if (api == "openai.chat") return std::make_unique<ChoicesEnding>(R"("delta":{})", with_usage);
    if (api == "openai.completions") return std::make_unique<ChoicesEnding>(R"("text":"")", with_usage);
    if (api == "anthropic.messages") return messages_ending();
    if (api == "openai.responses") return responses_ending();
    return nullptr;
}

}  // namespace weir::wire
