#include "wire/dialect.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "json/scan.h"
#include "json/utf8.h"
#include "wire/chat_answer.h"

namespace weir::wire {
namespace {

std::string_view trimmed(std::string_view data) {
    constexpr std::string_view kSpace = " \t\n";
    const std::size_t begin = std::min(data.find_first_not_of(kSpace), data.size());
    data.remove_prefix(begin);
    return data.substr(0, data.find_last_not_of(kSpace) + 1);
}

// What the upstream said in an error event, in whatever form; a status that it names counts.
ApiError told_in(std::string_view data, const std::vector<json::Member>& members) {
    ApiError error{502, upstream_message(data), "server_error", "upstream_error", ""};
    take_type_and_code(data, error);
    for (const json::Member& member : members) {
        if (member.key != "error" || !json::is_object(member.raw(data))) continue;
        for (json::Walk part(data, member.value); part.next();) {
            const bool status = part.key_is("code") || part.key_is("status");
            const std::int64_t number = status ? json::as_int64(part.raw()).value_or(0) : 0;
            if (number >= 400 && number < 600) error.status = static_cast<unsigned>(number);
        }
    }
    return error;
}

}  // namespace

Result<void> body_to_dialect_stream(const Dialect& dialect, std::string_view chat_body, const Echo& echo,
                                    std::string& out) {
    std::string events;
    if (Result<void> rendered = body_to_stream(chat_body, true, events); !rendered) return rendered;
    const Result<ChatAnswer> read = read_chat_answer(chat_body);
    std::optional<Usage> usage;
    if (read && read->usage.reported) usage = read->usage;
    const std::size_t begin = out.size();
    Result<void> fed = dialect.stream_from_chat(echo, usage)->feed(events, out);
    if (!fed) out.resize(begin);
    return fed;
}

Result<void> ChunkReader::feed(std::string_view chat_events, std::string& out) {
    return http::feed_events(splitter_, chat_events, [&](const http::SseSplitter::Event& event) {
        return ended_ ? Result<void>() : take(event, out);
    });
}

void ChunkReader::break_off(const ApiError& error, std::string& out) {
    if (std::exchange(ended_, true)) return;
    on_error(error, out);
}

void ChunkReader::says_only(std::string_view chunk, json::Span text) {
    before_ = chunk.substr(0, text.begin);
    behind_ = chunk.substr(text.end);
}

std::optional<std::string_view> ChunkReader::text_of_alike(std::string_view data) const {
    if (before_.empty() || !data.starts_with(before_) || !data.ends_with(behind_)) return std::nullopt;
    const std::size_t begin = before_.size();
    const std::size_t end = data.size() - std::min(behind_.size(), data.size());
    if (end <= begin || json::string_end(data, begin) != end) return std::nullopt;
    const std::string_view text = data.substr(begin, end - begin);
    // What may be wrong with it, the scanner says.
    if (text.find('\\') != std::string_view::npos || !json::valid_utf8(text)) return std::nullopt;
    return text;
}

Result<void> ChunkReader::take(const http::SseSplitter::Event& event, std::string& out) {
    const std::string_view data = trimmed(event.data);
    if (data.empty()) {
        // Names and ids without data are nothing to the caller.
        http::append_comment(event, out);
        return {};
    }
    if (data == "[DONE]") {
        Result<void> done = on_done(out);
        ended_ = done.has_value();
        return done;
    }
    if (const auto text = text_of_alike(data); text && event.name.empty()) return on_text(*text, out);
    thread_local std::vector<json::Member> members;
    if (Result<void> checked = json::members(data, members); !checked) {
        return fail(ErrorCode::protocol, "an event of the stream is broken: " + checked.error().message);
    }
    bool is_error = event.name == "error";
    for (const json::Member& member : members) is_error |= member.key == "error" && !json::is_null(member.raw(data));
    if (is_error) {
        break_off(told_in(data, members), out);
        return {};
    }
    return on_chunk(data, out);
}

}  // namespace weir::wire
