// Streams of generateContent as chat streams. Each event is a whole answer in small: its parts are pieces, its
// usageMetadata counts all that came so far. There is no last event: the body ends.
//   waiting -> (a candidate or a block) -> open -> (the body's end, all candidates finished) -> ended
//   waiting, open -> (an error) -> failed
#include <algorithm>
#include <utility>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/gemini.h"
#include "wire/gemini_answer.h"
#include "wire/gemini_pattern.h"
#include "wire/usage_form.h"

namespace weir::wire::gemini {
namespace {

using json::Span;
using json::Walk;

constexpr std::size_t kMaxHeld = 4u << 20;  // bytes that wait for a candidate's end

std::string_view trimmed(std::string_view data) {
    constexpr std::string_view kSpace = " \t\n\r";
    const std::size_t begin = std::min(data.find_first_not_of(kSpace), data.size());
    data.remove_prefix(begin);
    return data.substr(0, data.find_last_not_of(kSpace) + 1);
}

class Stream final : public ProviderStream {
  public:
    explicit Stream(const ProviderExchange& exchange) : exchange_(exchange) {}

    Result<void> feed(std::string_view bytes, std::string& out) override {
        splitter_.feed(bytes);
        http::SseSplitter::Event event;
        while (true) {
            switch (splitter_.next(event)) {
                case http::SseSplitter::State::need_more:
                    return {};
                case http::SseSplitter::State::too_large:
                    return fail(ErrorCode::too_large, "an event of the stream is too large");
                case http::SseSplitter::State::event:
                    if (at_ == At::failed || at_ == At::ended) continue;
                    if (Result<void> taken = take(event, out); !taken) return taken;
            }
        }
    }

    Result<void> end(std::string& out) override {
        if (at_ == At::failed || at_ == At::ended) return {};
        const bool finished = std::all_of(choices_.begin(), choices_.end(),
                                          [](const Choice& choice) { return choice.finished || !choice.begun; });
        if (at_ == At::waiting || !finished || splitter_.pending() > 0) {
            return fail(ErrorCode::closed, "the stream ended before the answer did");
        }
        at_ = At::ended;
        if (!usage_.empty()) {
            std::optional<Usage> counts = read_gemini_usage(usage_, {0, usage_.size()});
            counts->web_searches = searches_;
            out += head_;
            out += R"("choices":[],"usage":)";
            append_chat_usage(*counts, out);
            out += "}\n\n";
        }
        out += "data: [DONE]\n\n";
        return {};
    }

  private:
    enum class At : std::uint8_t { waiting, open, failed, ended };

    struct Choice {
        std::size_t calls = 0;
        // As they are spelled; told with the end.
        std::string signature, grounding, citations;
        bool begun = false, finished = false, says_something = false;
    };

    Result<void> take(const http::SseSplitter::Event& event, std::string& out) {
        const std::string_view data = trimmed(event.data);
        if (data.empty()) {
            if (event.raw.starts_with(':')) {
                out += event.raw.substr(0, event.raw.find_first_of("\r\n"));
                out += "\n\n";
            }
            return {};
        }
        Span text, usage;
        if (pattern_.match(data, text, usage) && !text.empty()) {
            if (!usage.empty()) usage_ = usage.of(data);
            out += alike_;
            out += text.of(data);
            out += kTextEnd;
            return {};
        }
        if (data == "[DONE]") return {};  // not Google's; others end so what they call this API
        thread_local std::vector<json::Member> members;
        if (Result<void> checked = json::members(data, members); !checked) {
            return fail(ErrorCode::protocol, "an event of the stream is broken: " + checked.error().message);
        }
        return take_chunk(data, members, out);
    }

    Result<void> take_chunk(std::string_view data, const std::vector<json::Member>& members, std::string& out) {
        std::string_view id, model;
        Span candidates, feedback, usage;
        for (const json::Member& member : members) {
            if (member.key == "candidates") {
                candidates = member.value;
            } else if (member.key == "usageMetadata") {
                usage = member.value;
            } else if (member.key == "promptFeedback") {
                feedback = member.value;
            } else if (member.key == "responseId") {
                id = member.raw(data);
            } else if (member.key == "modelVersion") {
                model = member.raw(data);
            } else if (member.key == "error" && !json::is_null(member.raw(data))) {
                at_ = At::failed;
                out += render_error_event(error_of(502, data));
                return {};
            }
        }
        if (head_.empty()) {
            head_ = "data: {";
            append_head(id, model, "chat.completion.chunk", exchange_, head_);
            head_ += ',';
        }
        const std::optional<Usage> counts = read_gemini_usage(data, usage);
        const bool counted = counts && counts->reported;
        if (counted) usage_ = usage.of(data);
        std::int64_t count = 0;
        bool alike = false;
        for (Walk at(data, candidates); json::is_array(candidates.of(data)) && at.next(); ++count) {
            Candidate said;
            if (Result<void> taken = take_candidate(data, at, count, said, out); !taken) return taken;
            alike = count == 0 && !said.only_text.empty() && said.finish.empty() && said.logprobs.empty() &&
                    said.grounding.empty() && said.citations.empty();
            if (alike) learn(data, said, counted ? usage : Span{}, usage.empty() || counted);
        }
        if (!alike || count != 1) pattern_.forget();
        const Block block = block_in(data, feedback);
        if (!block.reason.empty()) add_block(block, out);
        return {};
    }

    // The chunk says nothing but one text: those behind it may be like it.
    void learn(std::string_view data, const Candidate& said, Span usage, bool well) {
        pattern_.forget();
        if (!well) return;
        pattern_.learn(data, said.only_text, usage);
        alike_ = head_;
        begin_choice(said.index, alike_);
        alike_ += said.only_is_thought ? R"("reasoning_content":")" : R"("content":")";
    }

    Result<void> take_candidate(std::string_view data, Walk& at, std::int64_t position, Candidate& said,
                                std::string& out) {
        // Its number comes with it: calls are counted on from there.
        const auto index = at.at_object() ? json::find_member(data, at.value(), "index") : std::nullopt;
        const std::int64_t number = index ? json::as_int64(index->of(data)).value_or(-1) : position;
        if (number < 0 || number >= kMaxCandidates) {
            return fail(ErrorCode::protocol, "a candidate of the stream has an impossible index");
        }
        Choice& choice = open(number, out);
        const CallNames names{exchange_.request_id, choice.calls, true};
        if (Result<void> done = read_candidate(data, at, position, names, said); !done) return done;
        choice.calls += said.call_count;
        searches_ += searches_in(data, said.grounding);
        if (!said.signature.empty()) choice.signature = said.signature;
        if (!said.grounding.empty()) choice.grounding = said.grounding.of(data);
        if (!said.citations.empty()) choice.citations = said.citations.of(data);
        if (choice.signature.size() + choice.grounding.size() + choice.citations.size() > kMaxHeld) {
            return fail(ErrorCode::too_large, "what comes with the answer is too large");
        }
        write_delta(data, said, choice, out);
        if (said.finish.empty() || choice.finished) return {};
        Result<std::string_view> reason = finish_reason(said.finish, choice.calls > 0);
        if (!reason) return tl::unexpected(std::move(reason.error()));
        if (*reason == "content_filter" && !choice.says_something) {
            begin_chunk(number, out);
            out += R"("refusal":)";
            append_refusal("The answer was withheld: ", said.finish, said.finish_message, out);
            out += kEnd;
        }
        finish(number, *reason, said.finish, out);
        return {};
    }

    Choice& open(std::int64_t number, std::string& out) {
        const auto place = static_cast<std::size_t>(number);
        if (choices_.size() <= place) choices_.resize(place + 1);
        at_ = At::open;
        if (!std::exchange(choices_[place].begun, true)) {
            begin_chunk(number, out);
            out += R"("role":"assistant","content":"")";
            out += kEnd;
        }
        return choices_[place];
    }

    void write_delta(std::string_view data, const Candidate& said, Choice& choice, std::string& out) {
        const bool text = !said.text.empty(), thought = !said.thought.empty();
        const bool calls = !said.calls.empty(), images = !said.images.empty();
        choice.says_something |= text || calls || images;
        if (!text && !thought && !calls && !images && said.logprobs.empty()) return;
        begin_chunk(said.index, out);
        bool first = true;
        const auto name = [&](std::string_view called) {
            if (!std::exchange(first, false)) out += ',';
            out += called;
        };
        if (thought) {
            name(R"("reasoning_content":")");
            out += said.thought + '"';
        }
        if (text) {
            name(R"("content":")");
            out += said.text + '"';
        }
        if (calls) {
            name(R"("tool_calls":[)");
            out += said.calls + ']';
        }
        if (images) {
            name(R"("images":[)");
            out += said.images + ']';
        }
        out += R"(},"logprobs":)";
        append_logprobs(data, said.logprobs, out);
        out += R"(,"finish_reason":null}]})";
        out += "\n\n";
    }

    void finish(std::int64_t number, std::string_view reason, std::string_view native, std::string& out) {
        Choice& choice = choices_[static_cast<std::size_t>(number)];
        choice.finished = true;
        begin_chunk(number, out);
        if (!choice.signature.empty() || !choice.grounding.empty() || !choice.citations.empty()) {
            out += R"("extra_content":)";
            append_extra_content(choice.signature, choice.grounding, choice.citations, out);
        }
        out += R"(},"logprobs":null,"finish_reason":")";
        out += reason;
        out += '"';
        append_native_finish(native, out);
        out += "}]}\n\n";
    }

    // Of the prompt, as a rule at once; of what was said so far otherwise.
    void add_block(const Block& block, std::string& out) {
        if (choices_.empty()) open(0, out);
        for (std::size_t i = 0; i < choices_.size(); ++i) {
            if (!choices_[i].begun || choices_[i].finished) continue;
            const auto number = static_cast<std::int64_t>(i);
            begin_chunk(number, out);
            out += R"("refusal":)";
            append_refusal("The prompt was blocked: ", block.reason, block.message, out);
            out += kEnd;
            finish(number, "content_filter", block.reason, out);
        }
    }

    // ---- chunks: up to the delta's inside, and from its end

    static void begin_choice(std::int64_t number, std::string& out) {
        out += R"("choices":[{"index":)";
        out += std::to_string(number);
        out += R"(,"delta":{)";
    }
    void begin_chunk(std::int64_t number, std::string& out) const {
        out += head_;
        begin_choice(number, out);
    }
    static constexpr std::string_view kEnd = "},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
    static constexpr std::string_view kTextEnd = "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

    const ProviderExchange& exchange_;
    http::SseSplitter splitter_;
    At at_ = At::waiting;
    std::string head_;  // of every chunk, up to "choices"
    std::vector<Choice> choices_;
    std::string usage_;  // the last usageMetadata
    std::uint32_t searches_ = 0;
    ChunkPattern pattern_;
    std::string alike_;  // what stands before the text of a chunk that is like the last one
};

}  // namespace

std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange) {
    return std::make_unique<Stream>(exchange);
}

}  // namespace weir::wire::gemini
