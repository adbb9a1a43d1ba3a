#include "wire/plain_answer.h"

#include "json/scan.h"

namespace weir::wire {

std::string render_plain_answer(std::string_view id, std::string_view model, std::int64_t created_unix_s,
                                std::string_view text, const Usage& usage) {
    std::string out = R"({"id":)";
    out.reserve(text.size() + 400);
    json::write_string(id, out);
    out += R"(,"object":"chat.completion","created":)" + std::to_string(created_unix_s) + R"(,"model":)";
    json::write_string(model, out);
    out += R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)";
    json::write_string(text, out);
    out += R"(,"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":)" +
           std::to_string(usage.input()) + R"(,"completion_tokens":)" + std::to_string(usage.output) +
           R"(,"total_tokens":)" + std::to_string(usage.input() + usage.output) + "}}";
    return out;
}

}  // namespace weir::wire
