// A stream as it passes, and a body as a stream.
#include <cstring>
#include <functional>

#include "json/scan.h"
#include "wire/chat_answer.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

std::string_view trimmed(std::string_view data) {
    while (!data.empty() && (data.front() == ' ' || data.front() == '\t' || data.front() == '\n'))
        data.remove_prefix(1);
    while (!data.empty() && (data.back() == ' ' || data.back() == '\t' || data.back() == '\n')) data.remove_suffix(1);
    return data;
}

// The member and the comma that joins it to the one before, or to the one behind where it is the first.
struct Found {
    Span with_comma;
    Span value;
};

// What the relay cares for in a chunk. The text need not be checked.
struct Chunk {
    std::optional<Found> usage;
    bool has_usage = false;  // not null
    bool has_error = false;  // not null
    bool has_choices = false;
    std::optional<ServiceTier> tier;
    UsagePlaces places;
};

Chunk look_into(std::string_view data) {
    Chunk chunk;
    std::size_t before = 0;  // end of the member before; 0: none
    bool usage_is_first = false;
    for (Walk member(data, {0, data.size()}); member.next();) {
        if (usage_is_first) {
            chunk.usage->with_comma.end = member.key().begin;
            usage_is_first = false;
        }
        const bool null = json::is_null(member.raw());
        if (member.key_is("usage")) {
            usage_is_first = before == 0;
            const std::size_t begin = usage_is_first ? member.key().begin : before;
            chunk.usage = Found{{begin, member.value().end}, member.value()};
            chunk.places.usage = member.value();
            chunk.has_usage = !null;
        } else if (member.key_is("error")) {
            chunk.has_error = !null;
        } else if (member.key_is("choices")) {
            chunk.has_choices = member.at_array() && !json::is_empty_container(member.raw());
            chunk.places.choices = member.value();
        } else if (member.key_is("service_tier")) {
            chunk.tier = read_service_tier(member.raw());
        } else if (member.key_is("x_groq")) {
            chunk.places.groq = member.value();
        }
        before = member.value().end;
    }
    return chunk;
}

// OpenAI puts "usage":null into every chunk but the last where usage was asked for, so this is seen without a walk:
// with no bracket behind it but the last it is on the top level. `at`: the first mention of usage or error in `data`,
// which is taken to be well-formed. Empty where it is not as simple as that.
Span plain_null_usage(std::string_view data, std::size_t at) {
    constexpr std::string_view kNull = R"("usage":null)";
    if (data[at - 1] != ',' || !data.substr(at).starts_with(kNull)) return {};
    const Span span = {at - 1, at + kNull.size()};
    std::size_t end = span.end;
    if (data[end] != ',' && data[end] != '}') return {};
    while (data[end] != '{' && data[end] != '}' && data[end] != '[' && data[end] != ']' && data[end] != '\\') ++end;
    const bool last = end + 1 == data.size();
    return last && json::find_mention(data.substr(span.end), "usage", "error") == std::string_view::npos ? span
                                                                                                         : Span{};
}

// The tier that a chunk names on its top level.
std::optional<ServiceTier> tier_of(std::string_view data) {
    constexpr std::string_view kTier = "\"service_tier\"";
    if (::memmem(data.data(), data.size(), kTier.data(), kTier.size()) == nullptr) return std::nullopt;
    return look_into(data).tier;
}

// Whether there may be a usage in x_groq or a choice. The text need not be checked.
bool may_nest_usage(std::string_view data) {
    thread_local std::vector<json::Member> members;
    return (data.find("\"x_groq\"") != std::string_view::npos || data.find("\"choices\"") != std::string_view::npos) &&
           json::members(data, members).has_value();
}

// `data` as it stands in `event`, without the bytes of `removed`.
void append_without(const http::SseSplitter::Event& event, std::string_view data, Span removed, std::string& out) {
    const std::less_equal<const char*> at_most;
    const std::string_view raw = event.raw;
    if (removed.empty()) {
        out += raw;
        return;
    }
    if (at_most(raw.data(), data.data()) && at_most(data.data() + data.size(), raw.data() + raw.size())) {
        const auto offset = static_cast<std::size_t>(data.data() - raw.data());
        out += raw.substr(0, offset + removed.begin);
        out += raw.substr(offset + removed.end);
        return;
    }
    // It came in several lines.
    if (!event.name.empty()) {
        out += "event: ";
        out += event.name;
        out += '\n';
    }
    out += "data: ";
    std::string edited;
    json::splice(data, std::vector<json::Edit>{{removed, ""}}, edited);
    json::minify(edited, out);
    out += "\n\n";
}

}  // namespace

Result<void> ChatStream::feed(std::string_view bytes, std::string& out) {
    splitter_.feed(bytes);
    out.reserve(out.size() + bytes.size() + splitter_.pending());
    http::SseSplitter::Event event;
    while (true) {
        if (pattern_.known() && !done_) take_alike(out);
        switch (splitter_.next(event)) {
            case http::SseSplitter::State::need_more:
                return {};
            case http::SseSplitter::State::too_large:
                return fail(ErrorCode::too_large, "an event of the stream is larger than " +
                                                      std::to_string(options_.max_event_bytes) + " bytes");
            case http::SseSplitter::State::event:
                if (done_) continue;
                if (Result<void> taken = take(event, out); !taken) return taken;
        }
    }
}

Result<void> ChatStream::take(const http::SseSplitter::Event& event, std::string& out) {
    const std::string_view data = trimmed(event.data);
    if (data.empty() || data == "[DONE]") {
        done_ = !data.empty();
        out += event.raw;
        return {};
    }
    if (data.front() != '{' || data.back() != '}') {
        return fail(ErrorCode::protocol, "an event of the stream is no JSON object");
    }
    ++data_events_;
    if (event.name == "error") failed_ = true;
    if (options_.keep) keep(data);
    const std::size_t mention = json::find_mention(data, "usage", "error");
    if (mention == std::string_view::npos) {
        if (data_events_ == 1) take_tier(tier_of(data));
        out += event.raw;
        learn(event, data, {});
        return {};
    }
    if (const Span null = plain_null_usage(data, mention); !null.empty()) {
        if (data_events_ == 1) take_tier(tier_of(data));
        const Span removed = options_.hide_usage ? null : Span{};
        append_without(event, data, removed, out);
        learn(event, data, removed);
        return {};
    }
    const Chunk chunk = look_into(data);
    if (chunk.has_usage || chunk.has_error) {
        thread_local std::vector<json::Member> members;
        if (Result<void> checked = json::members(data, members); !checked) {
            return fail(ErrorCode::protocol, "an event of the stream is broken: " + checked.error().message);
        }
    }
    failed_ |= chunk.has_error;
    if (chunk.has_usage || may_nest_usage(data)) read_chat_usage(data, chunk.places, usage_);
    take_tier(chunk.tier);
    if (!options_.hide_usage || !chunk.usage) {
        out += event.raw;
    } else if (!chunk.has_usage || chunk.has_choices || chunk.has_error) {
        append_without(event, data, chunk.usage->with_comma, out);
        if (!chunk.has_usage && !chunk.has_error) learn(event, data, chunk.usage->with_comma);
    }
    return {};
}

void ChatStream::take_tier(std::optional<ServiceTier> tier) {
    if (tier) usage_.tier = *tier;
}

// The events ahead that are like those before but for the text in them: relayed in runs, each without what was cut from
// the one that was learned from.
void ChatStream::take_alike(std::string& out) {
    const std::string_view ahead = splitter_.ahead();
    std::size_t relayed = 0;
    std::size_t at = 0;
    while (true) {
        const EventPattern::Match event = pattern_.match(ahead.substr(at));
        if (event.size == 0 || event.size > options_.max_event_bytes) break;
        ++data_events_;
        if (options_.keep) keep(EventPattern::data(ahead.substr(at, event.size)));
        if (pattern_.cut_bytes() > 0) {
            out.append(ahead, relayed, at + event.cut - relayed);
            relayed = at + event.cut + pattern_.cut_bytes();
        }
        at += event.size;
    }
    out.append(ahead, relayed, at - relayed);
    splitter_.skip(at);
}

// `removed`: the span of `data` that was not relayed.
void ChatStream::learn(const http::SseSplitter::Event& event, std::string_view data, Span removed) {
    if (lessons_left_ == 0 || !EventPattern::learnable(event.raw)) return;
    if (!learned_from_.empty()) {
        --lessons_left_;
        const auto offset = static_cast<std::size_t>(data.data() - event.raw.data());
        const Span cut = removed.empty() ? Span{} : Span{offset + removed.begin, offset + removed.end};
        EventPattern pattern;
        thread_local std::vector<json::Member> members;
        if (pattern.learn(learned_from_, event.raw, cut) && json::members(data, members)) {
            pattern_ = std::move(pattern);
        }
    }
    learned_from_ = event.raw;
}

void ChatStream::keep(std::string_view data) {
    if (kept_too_large_) return;
    if (kept_.size() + data.size() + 1 > options_.max_kept_bytes) {
        kept_too_large_ = true;
        std::string().swap(kept_);
        return;
    }
    if (data.find('\n') == std::string_view::npos) {
        kept_ += data;
    } else {
        json::minify(data, kept_);
    }
    kept_ += '\n';
}

}  // namespace weir::wire
