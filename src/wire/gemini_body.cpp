// Whole answers of generateContent as chat completions.
#include <vector>

#include "json/scan.h"
#include "wire/gemini.h"
#include "wire/gemini_answer.h"
#include "wire/usage_form.h"

namespace weir::wire::gemini {
namespace {

using json::Span;
using json::Walk;

class Body {
  public:
    Body(std::string_view body, const ProviderExchange& exchange, std::string& out)
        : body_(body), exchange_(exchange), out_(out) {}

    Result<void> run() {
        std::vector<json::Member> members;
        if (Result<void> checked = json::members(body_, members); !checked) {
            return fail(ErrorCode::protocol, "the answer is no JSON object: " + checked.error().message);
        }
        std::string_view id, model;
        Span candidates, feedback, usage;
        for (const json::Member& member : members) {
            if (member.key == "responseId") {
                id = member.raw(body_);
            } else if (member.key == "modelVersion") {
                model = member.raw(body_);
            } else if (member.key == "candidates") {
                candidates = member.value;
            } else if (member.key == "promptFeedback") {
                feedback = member.value;
            } else if (member.key == "usageMetadata") {
                usage = member.value;
            }
        }
        out_ += '{';
        append_head(id, model, "chat.completion", exchange_, out_);
        out_ += R"(,"choices":[)";
        std::int64_t count = 0;
        for (Walk candidate(body_, candidates); json::is_array(candidates.of(body_)) && candidate.next(); ++count) {
            if (Result<void> added = add(candidate, count); !added) return added;
        }
        if (count == 0) {
            const Block block = block_in(body_, feedback);
            if (block.reason.empty()) return fail(ErrorCode::protocol, "the answer has no candidates");
            add_block(block);
        }
        out_ += ']';
        std::optional<Usage> counts = read_gemini_usage(body_, usage);
        if (counts && counts->reported) {
            counts->web_searches = billed_searches(exchange_.model, searches_);
            out_ += R"(,"usage":)";
            append_chat_usage(*counts, out_);
        }
        out_ += '}';
        return {};
    }

  private:
    Result<void> add(Walk& at, std::int64_t position) {
        Candidate said;
        if (Result<void> read = read_candidate(at, position, said); !read) return read;
        if (Result<void> read = read_parts(body_, {exchange_.request_id, 0, false}, said); !read) return read;
        Result<std::string_view> finish = std::string_view();
        if (!said.finish.empty()) finish = finish_reason(said.finish, said.call_count > 0);
        if (!finish) return tl::unexpected(std::move(finish.error()));
        searches_ += searches_in(body_, said.grounding);
        const bool says_text = !said.text.empty();
        const bool withheld = *finish == "content_filter" && !says_text && said.calls.empty() && said.images.empty();
        out_ += position > 0 ? R"(,{"index":)" : R"({"index":)";
        out_ += std::to_string(said.index) + R"(,"message":{"role":"assistant","content":)";
        if (says_text || (said.calls.empty() && !withheld)) {
            out_ += '"' + said.text + '"';
        } else {
            out_ += "null";
        }
        out_ += R"(,"refusal":)";
        if (withheld) {
            append_refusal("The answer was withheld: ", said.finish, said.finish_message, out_);
        } else {
            out_ += "null";
        }
        if (!said.thought.empty()) out_ += R"(,"reasoning_content":")" + said.thought + '"';
        if (!said.calls.empty()) out_ += R"(,"tool_calls":[)" + said.calls + ']';
        if (!said.images.empty()) out_ += R"(,"images":[)" + said.images + ']';
        const std::string annotations = annotations_of(body_, said.grounding, said.text);
        if (!annotations.empty()) out_ += R"(,"annotations":[)" + annotations + ']';
        if (!said.signature.empty() || !said.grounding.empty() || !said.citations.empty()) {
            out_ += R"(,"extra_content":)";
            append_extra_content(said.signature, said.grounding.of(body_), said.citations.of(body_), out_);
        }
        out_ += R"(},"logprobs":)";
        append_logprobs(body_, said.logprobs, out_);
        out_ += R"(,"finish_reason":)";
        out_ += finish->empty() ? "null" : '"' + std::string(*finish) + '"';
        append_native_finish(said.finish, out_);
        out_ += '}';
        return {};
    }

    void add_block(const Block& block) {
        out_ += R"({"index":0,"message":{"role":"assistant","content":null,"refusal":)";
        append_refusal("The prompt was blocked: ", block.reason, block.message, out_);
        out_ += R"(},"logprobs":null,"finish_reason":"content_filter")";
        append_native_finish(block.reason, out_);
        out_ += '}';
    }

    std::string_view body_;
    const ProviderExchange& exchange_;
    std::string& out_;
    std::uint32_t searches_ = 0;
};

}  // namespace

Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange, std::string& chat_body) {
    const std::size_t begin = chat_body.size();
    chat_body.reserve(begin + body.size() + 512);
    Result<void> done = Body(body, exchange, chat_body).run();
    if (!done) chat_body.resize(begin);
    return done;
}

}  // namespace weir::wire::gemini
