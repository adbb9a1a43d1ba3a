#include "wire/stream_ending.h"

#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/provider_form.h"
#include "wire/usage_form.h"

namespace weir::wire {

namespace {

// Of the line that names an event, where it begins with one, its end included.
std::size_t name_line_bytes(std::string_view raw) {
    static constexpr std::string_view kName = "event:";
    if (!raw.starts_with(kName)) return 0;
    const std::size_t end = raw.find_first_of("\r\n");
    return end == std::string_view::npos || raw[end] == '\r' ? 0 : end + 1;
}

}  // namespace

void StreamEnding::feed(std::string_view bytes) {
    splitter_.feed(bytes);
    http::SseSplitter::Event event;
    while (state_ != State::ended) {
        while (const std::size_t passed = alike(splitter_.ahead())) splitter_.skip(passed);
        switch (splitter_.next(event)) {
            case http::SseSplitter::State::need_more:
                return;
            case http::SseSplitter::State::too_large:
                state_ = State::ended;
                return;
            case http::SseSplitter::State::event:
                // One that came in pieces may be alike as well.
                if (event.data.empty() || alike(event.raw) != 0) continue;
                state_ = take(event, state_);
                learn(event);
        }
    }
}

// Bytes of the event at the beginning of `bytes` that changes nothing; 0: it has to be taken, or is not here yet.
std::size_t StreamEnding::alike(std::string_view bytes) const {
    if (!pattern_.known() || !bytes.starts_with(name_line_)) return 0;
    const std::size_t matched = pattern_.match(bytes.substr(name_line_.size())).size;
    return matched == 0 || name_line_.size() + matched > kMaxEventBytes ? 0 : name_line_.size() + matched;
}

void StreamEnding::learn(const http::SseSplitter::Event& event) {
    pattern_.forget();
    if (lessons_left_ == 0 || state_ == State::ended) return;
    const std::string_view name_line = event.raw.substr(0, name_line_bytes(event.raw));
    const std::string_view unnamed = event.raw.substr(name_line.size());
    if (!EventPattern::learnable(unnamed)) {
        learned_from_.clear();
        return;
    }
    std::string_view before = learned_from_;
    if (!before.empty() && before.starts_with(name_line)) {
        before.remove_prefix(name_line.size());
        const std::optional<json::Span> telling = this->telling(event.data);
        const auto offset = static_cast<std::size_t>(event.data.data() - unnamed.data());
        const json::Span fixed =
            !telling || telling->empty() ? json::Span{} : json::Span{offset + telling->begin, offset + telling->end};
        thread_local std::vector<json::Member> members;
        --lessons_left_;
        if (telling && EventPattern::learnable(before) && pattern_.learn(before, unnamed, fixed)) {
            if (json::members(event.data, members)) {
                name_line_ = name_line;
            } else {
                pattern_.forget();
            }
        }
    }
    learned_from_ = event.raw;
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

    std::optional<json::Span> telling(std::string_view) const override { return json::Span{}; }

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
