// Chat requests of arbitrary bytes: no crash, and what is accepted keeps its meaning in every form an upstream gets.
#include <cstdint>
#include <cstdlib>

#include "wire/chat_request.h"
#include "wire/example_turns.h"

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    if (!condition) std::abort();
}

ChatRequest parsed(std::string_view body) {
    std::string param;
    Result<ChatRequest> request = parse_chat_request(body, param);
    require(request.has_value());
    return std::move(*request);
}

void check_form(const ChatRequest& request, const UpstreamForm& form) {
    std::string out;
    render_upstream_body(request, form, out);
    // Asking for log-probabilities or usage may add one member each to a request at the limit.
    if (request.members.size() >= 255) return;
    const ChatRequest sent = parsed(out);
    const bool forced = form.stream == UpstreamForm::Stream::force_body;
    require(sent.model == form.model);
    require(sent.stream == (request.stream && !forced));
    require(!sent.stream || sent.include_usage == (request.include_usage || form.add_include_usage));
    require(sent.logprobs == (request.logprobs || form.add_logprobs));
    require(sent.system_text == request.system_text && sent.n == request.n && sent.has_tools == request.has_tools);
    if (form.model == request.model && !form.add_logprobs) require(canonical_digest(sent) == canonical_digest(request));
}

// Turns before the question change neither it nor anything else that is read.
void check_examples(const ChatRequest& request) {
    const std::vector<ExampleTurn> turns = {{request.body.substr(0, 40), "an \"answer\""}, {"", "\xFF"}};
    const std::string shown = with_examples(request, turns);
    const ChatRequest again = parsed(shown);
    require(again.recent.count == 5 && !again.history.empty() && !takes_examples(again));
    require(again.question.of(shown) == request.question.of(request.body));
    require(again.system_text == request.system_text && prompt_digest(again) == prompt_digest(request));
    require(with_examples(request, {}) == request.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<char> exact;
    exact.reserve(size == 0 ? 1 : size);
    exact.assign(data, data + size);
    const std::string_view body(exact.data(), exact.size());
    std::string param;
    Result<ChatRequest> request = parse_chat_request(body, param);
    if (!request) {
        require(request.error().code == ErrorCode::invalid && !request.error().message.empty());
        return 0;
    }
    (void)prompt_digest(*request);
    std::string small;
    json::minify(body, small);
    require(canonical_digest(parsed(small)) == canonical_digest(*request));

    if (takes_examples(*request)) check_examples(*request);
    for (unsigned bits = 0; bits < 16; ++bits) {
        check_form(*request,
                   {.model = (bits & 1) != 0 ? std::string_view("another") : std::string_view(request->model),
                    .stream = (bits & 2) != 0 ? UpstreamForm::Stream::force_body : UpstreamForm::Stream::as_asked,
                    .add_include_usage = (bits & 4) != 0,
                    .add_logprobs = (bits & 8) != 0});
    }
    return 0;
}
