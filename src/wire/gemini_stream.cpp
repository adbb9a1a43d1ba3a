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

constexpr std::size_t kMaxEventBytes = 4u << 20;  // as http::SseSplitter
constexpr std::size_t kMaxHeld = 4u << 20;        // bytes that wait for a candidate's end

std::string_view trimmed(std::string_view data) {
    constexpr std::string_view kSpace = " \t\n\r";
    const std::size_t begin = std::min(data.find_first_not_of(kSpace), data.size());
    data.remove_prefix(begin);
    return data.substr(0, data.find_last_not_of(kSpace) + 1);
}

class Stream final : public ProviderStream {
  public:
    explicit Stream(const ProviderExchange& exchange)
        : exchange_(exchange), keeps_text_(exchange.notes == kMaySearch) {}

    Result<void> feed(std::string_view bytes, std::string& out) override {
        splitter_.feed(bytes);
        http::SseSplitter::Event event;
        while (true) {
            if (at_ == At::open && pattern_.known()) take_alike(out);
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
                                          [](const Choice& choice) { return !choice.finish.empty() || !choice.begun; });
        if (at_ == At::waiting || !finished || splitter_.pending() > 0) {
            return fail(ErrorCode::closed, "the stream ended before the answer did");
        }
        at_ = At::ended;
        for (std::size_t i = 0; i < choices_.size(); ++i) {
            if (choices_[i].begun) finish(static_cast<std::int64_t>(i), choices_[i], out);
        }
        if (!usage_.empty()) {
            out += head_;
            out += R"("choices":[],"usage":)";
            append_chat_usage(so_far(), out);
            out += "}\n\n";
        }
        out += "data: [DONE]\n\n";
        return {};
    }

    Usage so_far() const override {
        if (usage_.empty()) return {};
        Usage counts = read_gemini_usage(usage_, {0, usage_.size()}).value_or(Usage{});
        counts.web_searches = billed_searches(exchange_.model, searches_);
        return counts;
    }

  private:
    enum class At : std::uint8_t { waiting, open, failed, ended };

    struct Choice {
        std::size_t calls = 0;
        // As they are spelled; told with the end. (Servers of Gemini 1.5 gave a reason to end with each chunk.)
        std::string signature, grounding, citations, annotations, finish, refusal;
        std::string text;  // what was said, where sources may come that are for some of it
        bool begun = false, says_something = false, blocked = false;
    };

    Result<void> take(const http::SseSplitter::Event& event, std::string& out) {
        const std::string_view data = trimmed(event.data);
        if (data.empty()) {
            http::append_comment(event, out);
            return {};
        }
        if (data == "[DONE]") return {};  // not Google's; others end so what they call this API
        thread_local std::vector<json::Member> members;
        if (Result<void> checked = json::members(data, members); !checked) {
            return fail(ErrorCode::protocol, "an event of the stream is broken: " + checked.error().message);
        }
        if (Result<void> taken = take_chunk(data, members, out); !taken) return taken;
        learn(event, data);
        return {};
    }

    // The events ahead that are like the last one but for their text and counts.
    void take_alike(std::string& out) {
        const std::string_view ahead = splitter_.ahead();
        std::string_view rest = ahead;
        while (true) {
            const ChunkPattern::Match event = pattern_.match(rest);
            if (event.size == 0 || event.size > kMaxEventBytes) break;
            out += alike_;
            out += event.text.of(rest);
            out += kTextEnd;
            if (keeps_text_ && !alike_is_thought_) keep(event.text.of(rest), alike_choice());
            if (!event.usage.empty()) usage_ = event.usage.of(rest);
            rest.remove_prefix(event.size);
        }
        splitter_.skip(ahead.size() - rest.size());
    }
    void learn(const http::SseSplitter::Event& event, std::string_view data) {
        pattern_.forget();
        const std::string_view raw = event.raw;
        if (!alike_text_.empty() && event.name.empty() && raw.starts_with("data:")) {
            const std::size_t begin = raw.find(data);
            const auto moved = [&](Span span) { return Span{span.begin + begin, span.end + begin}; };
            // One line of data, and nothing else. (What ends with CR alone, the splitter has to see.)
            const bool plain = raw.find_first_not_of("\r\n", begin + data.size()) == std::string_view::npos;
            if (begin <= 6 && plain && raw.ends_with('\n')) {
                pattern_.learn(raw, moved(alike_text_), alike_usage_.empty() ? Span{} : moved(alike_usage_));
            }
        }
    }

    Result<void> take_chunk(std::string_view data, const std::vector<json::Member>& members, std::string& out) {
        std::string_view id, model;
        Span candidates, feedback, usage;
        alike_text_ = alike_usage_ = {};
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
        for (Walk at(data, candidates); json::is_array(candidates.of(data)) && at.next(); ++count) {
            Candidate said;
            if (Result<void> taken = take_candidate(data, at, count, said, out); !taken) return taken;
            const bool alike = count == 0 && says_one_text(said) && (usage.empty() || counted);
            alike_text_ = alike ? said.only_text : Span{};
            if (alike) prepare_alike(said);
        }
        alike_usage_ = counted ? usage : Span{};
        const Block block = block_in(data, feedback);
        if (!block.reason.empty()) {
            alike_text_ = {};
            add_block(block, out);
        }
        return {};
    }

    static bool says_one_text(const Candidate& said) {
        return !said.only_text.empty() && said.text.size() + said.thought.size() == said.only_text.size() &&
               said.calls.empty() && said.images.empty() && said.finish.empty() && said.logprobs.empty() &&
               said.grounding.empty() && said.citations.empty();
    }
    // Chunks behind this one may be like it.
    void prepare_alike(const Candidate& said) {
        alike_ = head_;
        begin_choice(said.index, alike_);
        alike_index_ = said.index;
        alike_is_thought_ = said.only_is_thought;
        alike_ += said.only_is_thought ? R"("reasoning_content":")" : R"("content":")";
    }

    Result<void> take_candidate(std::string_view data, Walk& at, std::int64_t position, Candidate& said,
                                std::string& out) {
        if (Result<void> read = read_candidate(at, position, said); !read) return read;
        Choice& choice = open(said.index, out);
        if (Result<void> read = read_parts(data, {exchange_.request_id, choice.calls, true}, said); !read) return read;
        choice.calls += said.call_count;
        searches_ += searches_in(data, said.grounding);
        if (!said.signature.empty()) choice.signature = said.signature;
        if (keeps_text_) keep(said.text, choice);
        if (!said.grounding.empty()) {
            choice.grounding = said.grounding.of(data);
            choice.annotations = annotations_of(data, said.grounding, choice.text);
        }
        if (!said.citations.empty()) choice.citations = said.citations.of(data);
        if (choice.signature.size() + choice.grounding.size() + choice.citations.size() > kMaxHeld) {
            return fail(ErrorCode::too_large, "what comes with the answer is too large");
        }
        write_delta(data, said, choice, out);
        if (said.finish.empty()) return {};
        if (Result<std::string_view> reason = finish_reason(said.finish, false); !reason) {
            return tl::unexpected(std::move(reason.error()));
        }
        choice.finish = said.finish;
        choice.refusal.clear();
        append_refusal("The answer was withheld: ", said.finish, said.finish_message, choice.refusal);
        return {};
    }

    Choice& open(std::int64_t number, std::string& out) {
        const auto place = static_cast<std::size_t>(number);
        if (choices_.size() <= place) choices_.resize(place + 1);
        at_ = At::open;
        if (!std::exchange(choices_[place].begun, true)) {
            begin_chunk(number, out);
            out += R"("role":"assistant","content":null)";  // an empty text would open a block at some callers
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

    void finish(std::int64_t number, const Choice& choice, std::string& out) const {
        std::string_view reason = "content_filter";
        if (!choice.blocked) reason = finish_reason(choice.finish, choice.calls > 0).value_or(reason);
        if (choice.blocked || (reason == "content_filter" && !choice.says_something)) {
            begin_chunk(number, out);
            out += R"("refusal":)" + choice.refusal;
            out += kEnd;
        }
        begin_chunk(number, out);
        if (!choice.annotations.empty()) out += R"("annotations":[)" + choice.annotations + ']';
        if (!choice.annotations.empty() && !choice.grounding.empty()) out += ',';
        if (!choice.signature.empty() || !choice.grounding.empty() || !choice.citations.empty()) {
            out += R"("extra_content":)";
            append_extra_content(choice.signature, choice.grounding, choice.citations, out);
        }
        out += R"(},"logprobs":null,"finish_reason":")";
        out += reason;
        out += '"';
        append_native_finish(choice.finish, out);
        out += "}]}\n\n";
    }

    // Of the prompt, as a rule at once; of what was said so far otherwise.
    void add_block(const Block& block, std::string& out) {
        if (choices_.empty()) open(0, out);
        for (Choice& choice : choices_) {
            if (!choice.begun || !choice.finish.empty()) continue;
            choice.finish = block.reason;
            choice.blocked = true;
            append_refusal("The prompt was blocked: ", block.reason, block.message, choice.refusal);
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

    static void keep(std::string_view text, Choice& choice) {
        if (choice.text.size() < kMaxHeld) choice.text += text;  // sources beyond that have no place
    }
    Choice& alike_choice() { return choices_[static_cast<std::size_t>(alike_index_)]; }

    const ProviderExchange& exchange_;
    const bool keeps_text_;
    http::SseSplitter splitter_;
    At at_ = At::waiting;
    std::string head_;  // of every chunk, up to "choices"
    std::vector<Choice> choices_;
    std::string usage_;  // the last usageMetadata
    std::uint32_t searches_ = 0;
    ChunkPattern pattern_;
    Span alike_text_, alike_usage_;  // in the chunk that is being read, where it says nothing but one text
    std::string alike_;              // what stands before the text of a chunk that is like that
    std::int64_t alike_index_ = 0;   // of its candidate
    bool alike_is_thought_ = false;
};

}  // namespace

std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange) {
    return std::make_unique<Stream>(exchange);
}

}  // namespace weir::wire::gemini
