// A completions request as a chat request. Members that both APIs have pass as they are, and so do those that neither
// has (servers have samplers of their own).
#include <algorithm>
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/completions.h"
#include "wire/token_limit.h"

namespace weir::wire {
namespace {

using json::Span;

constexpr std::size_t kMaxMembers = 256;

enum Known : std::size_t { prompt, max_tokens, logprobs, echo, suffix, best_of, n, stream_options, known_count };
constexpr std::array<std::string_view, known_count> kNames = {"prompt", "max_tokens", "logprobs", "echo",
                                                              "suffix", "best_of",    "n",        "stream_options"};
// They would mean something to a chat model that its answer can't say in this API.
constexpr std::array<std::string_view, 13> kChatOnly = {
    "messages",      "tools",           "tool_choice",           "parallel_tool_calls", "functions",
    "function_call", "top_logprobs",    "max_completion_tokens", "modalities",          "audio",
    "prediction",    "response_format", "web_search_options"};

class Translation {
  public:
    Translation(std::string_view body, std::string& error_param, std::string& out, bool& include_usage)
        : body_(body), error_param_(error_param), out_(out), include_usage_(include_usage) {}

    Result<void> run() {
        thread_local std::vector<json::Member> members;
        if (Result<void> checked = json::members(body_, members, kMaxMembers); !checked) {
            return fail(ErrorCode::invalid, "the request body is refused: " + checked.error().message);
        }
        out_ += '{';
        for (const json::Member& member : members) {
            if (Result<void> sorted = sort(member); !sorted) return sorted;
        }
        for (const auto step : {&Translation::ask, &Translation::check, &Translation::options}) {
            if (Result<void> done = (this->*step)(); !done) return done;
        }
        out_ += '}';
        return {};
    }

  private:
    bool has(Known which) const { return !values_[which].empty() && !json::is_null(raw(which)); }
    std::string_view raw(Known which) const { return values_[which].of(body_); }

    tl::unexpected<Error> refuse(std::string_view name, std::string_view what) {
        error_param_ = name;
        return fail(ErrorCode::invalid, "'" + std::string(name) + "' " + std::string(what));
    }

    std::string& name(std::string_view raw_key) {
        if (!first_) out_ += ',';
        first_ = false;
        out_ += raw_key;
        out_ += ':';
        return out_;
    }

    Result<void> sort(const json::Member& member) {
        for (std::size_t i = 0; i < known_count; ++i) {
            if (member.key != kNames[i]) continue;
            if (!values_[i].empty()) return refuse(kNames[i], "is given twice: which one counts is not defined");
            values_[i] = member.value;
            return {};
        }
        if (std::find(kChatOnly.begin(), kChatOnly.end(), member.key) != kChatOnly.end()) {
            return refuse(member.key, "is no parameter of completions");
        }
        if (member.key == "model") model_ = json::as_string(member.raw(body_)).value_or("");
        json::minify(member.raw(body_), name(member.key_span.of(body_)));
        return {};
    }

    Result<void> ask() {
        constexpr std::string_view kOne =
            "must be a string, or an array of one: chat models are asked one text a request";
        if (!has(prompt)) return refuse(kNames[prompt], "is missing: it is what the model is asked");
        Span text = values_[prompt];
        if (json::is_array(raw(prompt))) {
            json::Walk element(body_, values_[prompt]);
            if (!element.next()) return refuse(kNames[prompt], kOne);
            text = element.value();
            const std::string_view first = text.of(body_);
            if (!json::is_string(first) && (json::is_array(first) || json::as_int64(first))) {
                return refuse(kNames[prompt], "must be text: token ids mean nothing to the models that are asked");
            }
            if (element.next()) return refuse(kNames[prompt], kOne);
        }
        if (!json::is_string(text.of(body_))) return refuse(kNames[prompt], kOne);
        name(R"("messages")") += R"([{"role":"user","content":)";
        out_ += text.of(body_);
        out_ += "}]";
        return {};
    }

    Result<void> check() {
        if (has(echo) && raw(echo) != "false") {
            return refuse(kNames[echo],
                          "must be false: the prompt has no log-probabilities here, and you know its text");
        }
        if (has(suffix) && raw(suffix) != R"("")") {
            return refuse(kNames[suffix], "is not supported: chat models do not fill in text");
        }
        const std::int64_t choices = has(n) ? json::as_int64(raw(n)).value_or(0) : 1;
        if (choices < 1 || choices > static_cast<std::int64_t>(kMaxChoices)) {
            return refuse(kNames[n], "must be an integer from 1 to " + std::to_string(kMaxChoices));
        }
        if (has(best_of) && json::as_int64(raw(best_of)) != choices && json::as_int64(raw(best_of)) != 1) {
            return refuse(kNames[best_of], "must be as n: chat models do not choose among their answers");
        }
        return {};
    }

    Result<void> options() {
        if (has(n)) json::minify(raw(n), name(R"("n")"));
        if (has(max_tokens)) {
            json::minify(raw(max_tokens), name('"' + std::string(token_limit_name(model_)) + '"'));
        }
        if (has(logprobs)) {
            const std::int64_t top = json::as_int64(raw(logprobs)).value_or(-1);
            if (top < 0 || top > 20) return refuse(kNames[logprobs], "must be an integer from 0 to 20");
            name(R"("logprobs")") += "true";
            if (top > 0) json::minify(raw(logprobs), name(R"("top_logprobs")"));
        }
        return has(stream_options) ? read_stream_options() : Result<void>();
    }

    Result<void> read_stream_options() {
        if (!json::is_object(raw(stream_options))) return refuse(kNames[stream_options], "must be an object");
        bool seen = false;
        for (json::Walk member(body_, values_[stream_options]); member.next();) {
            if (!member.key_is("include_usage")) continue;  // how it is sent: nothing that an answer could lose
            const std::optional<bool> value = json::as_bool(member.raw());
            if (seen || (!value && !json::is_null(member.raw()))) {
                return refuse("stream_options.include_usage", seen ? "is given twice" : "must be a boolean");
            }
            seen = true;
            include_usage_ = value.value_or(false);
        }
        return {};
    }

    std::string_view body_;
    std::string& error_param_;
    std::string& out_;
    bool& include_usage_;
    bool first_ = true;
    std::string model_;
    std::array<Span, known_count> values_{};
};

}  // namespace

Result<void> completion_to_chat(std::string_view body, std::string& error_param, std::string& chat_body,
                                bool& include_usage) {
    error_param.clear();
    include_usage = false;
    const std::size_t begin = chat_body.size();
    chat_body.reserve(begin + body.size() + 128);
    Result<void> done = Translation(body, error_param, chat_body, include_usage).run();
    if (!done) chat_body.resize(begin);
    return done;
}

}  // namespace weir::wire
