#include "wire/usage_watch.h"

#include <array>
#include <string>

#include "wire/gemini_answer.h"
#include "wire/usage_counts.h"
#include "wire/usage_form.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

// Well-formed JSON, of which nothing is kept.
bool is_document(std::string_view text) {
    thread_local std::vector<json::Member> members;
    return json::members(text, members).has_value();
}

bool is(std::string_view document, Span value, std::string_view text) {
    return !value.empty() && json::string_equals(value.of(document), text);
}

bool is_object(std::string_view document, Span value) {
    return !value.empty() && json::is_object(value.of(document));
}

void at_least(std::uint32_t& to, std::uint32_t least) {
    to = std::max(to, least);
}

// Pieces among the items of a response's output.
class Items {
  public:
    void add(std::string_view document, Span item) {
        Span type, action, container;
        for (Walk member(document, item); member.next();) {
            if (member.key_is("type")) type = member.value();
            if (member.key_is("action")) action = member.value();
            if (member.key_is("container_id")) container = member.value();
        }
        if (is(document, type, "web_search_call")) {
            // Pages that are opened or searched within are not billed.
            const std::optional<Span> what =
                is_object(document, action) ? json::find_member(document, action, "type") : std::nullopt;
            if (!what || is(document, *what, "search")) ++searches_;
        } else if (is(document, type, "file_search_call")) {
            ++file_searches_;
        } else if (is(document, type, "code_interpreter_call")) {
            add_container(container.of(document));
        } else if (is(document, type, "image_generation_call")) {
            ++others_;  // at the rates of an image model that isn't named
        }
    }
    void raise(Usage& usage) const {
        at_least(usage.web_searches, searches_);
        at_least(usage.file_searches, file_searches_);
        at_least(usage.code_sessions, sessions_);
        at_least(usage.other_pieces, others_);
    }

  private:
    // A container is a session, however often it was used. Beyond kMaxContainers each call counts as one.
    void add_container(std::string_view id) {
        const auto end = containers_.begin() + known_;
        if (!id.empty() && std::find(containers_.begin(), end, id) != end) return;
        ++sessions_;
        if (static_cast<std::size_t>(known_) < containers_.size()) containers_[static_cast<std::size_t>(known_++)] = id;
    }

    static constexpr std::size_t kMaxContainers = 16;
    std::array<std::string_view, kMaxContainers> containers_;
    std::ptrdiff_t known_ = 0;
    std::uint32_t searches_ = 0, file_searches_ = 0, sessions_ = 0, others_ = 0;
};

// Cohere's billed_units.
void read_billed_units(std::string_view document, Span units, Usage& usage) {
    const auto count = [&](std::string_view name) { return count_in(document, units, name); };
    const std::optional<Tokens> input = count("input_tokens"), output = count("output_tokens");
    const std::optional<Tokens> search_units = count("search_units");
    if (!input && !output && !search_units) return;
    usage.reported = true;
    usage.input_uncached = input.value_or(usage.input_uncached);
    usage.output = output.value_or(usage.output);
    at_least(usage.search_units, piece_count(search_units));
    at_least(usage.other_pieces, piece_count(count("images")) + piece_count(count("classifications")));
}

// How many pictures a list holds that has no usage with it.
std::uint32_t pictures_in(std::string_view document, Span data) {
    std::uint32_t count = 0;
    for (Walk item(document, data); item.next();) {
        if (!item.at_object()) continue;
        const Span object = item.value();
        if (json::find_member(document, object, "b64_json") || json::find_member(document, object, "url")) ++count;
    }
    return count;
}

}  // namespace

// The members of one body or event that tell what it is.
struct UsageWatch::Found {
    Span type, kind, usage, metadata, response, message, delta, candidates, version, meta, tier, data, task, duration,
        input_tokens, total_tokens, created;

    Found(std::string_view document, Span object) {
        struct Name {
            std::string_view name;
            Span Found::*to;
        };
        static constexpr Name kNames[] = {
            {"type", &Found::type},
            {"object", &Found::kind},
            {"usage", &Found::usage},
            {"usageMetadata", &Found::metadata},
            {"response", &Found::response},
            {"message", &Found::message},
            {"delta", &Found::delta},
            {"candidates", &Found::candidates},
            {"modelVersion", &Found::version},
            {"meta", &Found::meta},
            {"service_tier", &Found::tier},
            {"data", &Found::data},
            {"task", &Found::task},
            {"duration", &Found::duration},
            {"input_tokens", &Found::input_tokens},
            {"totalTokens", &Found::total_tokens},
            {"created", &Found::created},
        };
        for (Walk member(document, object); member.next();) {
            for (const Name& name : kNames) {
                if (member.key_is(name.name)) this->*name.to = member.value();
            }
        }
    }
};

void UsageWatch::body(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return;
    if (text[begin] == '{') {
        if (is_document(text)) take(text, {begin, text.size()});
        return;
    }
    if (text[begin] != '[') return;
    constexpr std::string_view kBefore = R"({"":)";
    std::string wrapped(kBefore);
    (wrapped += text.substr(begin)) += '}';
    if (!is_document(wrapped)) return;
    for (Walk element(wrapped, {kBefore.size(), wrapped.size() - 1}); element.next();) {
        if (element.at_object()) take(wrapped, element.value());
    }
}

Result<void> UsageWatch::feed(std::string_view bytes) {
    return http::feed_events(splitter_, bytes, [this](const http::SseSplitter::Event& event) {
        take_event(event.data);
        return Result<void>();
    });
}

void UsageWatch::take_event(std::string_view data) {
    const std::size_t begin = data.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos || data[begin] != '{') return;
    if (!first_) {
        constexpr std::string_view kNull = R"("usage":null)";
        std::size_t at = json::find_mention(data, "usage", "usageMetadata");
        if (at != std::string_view::npos && data.substr(at).starts_with(kNull)) {
            at = json::find_mention(data.substr(at + kNull.size()), "usage", "usageMetadata");
        }
        if (at == std::string_view::npos) return;
    }
    if (!is_document(data)) return;
    first_ = false;
    take(data, {begin, data.size()});
}

void UsageWatch::take(std::string_view document, Span object) {
    const Found found(document, object);
    if (is(document, found.kind, "response")) {
        take_response(document, object);
    } else if (is_object(document, found.response)) {
        take_response(document, found.response);
    } else if (is(document, found.type, "message") || is(document, found.type, "message_start") ||
               is(document, found.type, "message_delta")) {
        take_anthropic(document, found);
    } else if (is_object(document, found.metadata)) {
        take_gemini(document, found);
    } else {
        take_usual(document, object, found);
    }
    if (!found.tier.empty()) name_tier(found.tier.of(document));
}

void UsageWatch::name_tier(std::string_view raw) {
    if (const std::optional<ServiceTier> tier = read_service_tier(raw)) usage_.tier = *tier;
}

void UsageWatch::take_anthropic(std::string_view document, const Found& found) {
    if (is_object(document, found.usage)) merge_messages_usage(document, found.usage, usage_);
    if (!is_object(document, found.message)) return;
    const std::optional<Span> usage = json::find_member(document, found.message, "usage");
    if (usage) merge_messages_usage(document, *usage, usage_);
}

void UsageWatch::take_response(std::string_view document, Span response) {
    Items items;
    Span tier;
    for (Walk member(document, response); member.next();) {
        if (member.key_is("usage")) {
            const std::optional<Usage> usage = read_usage(document, member.value());
            if (usage && usage->reported) update_usage(usage_, *usage);
        } else if (member.key_is("service_tier")) {
            tier = member.value();
        } else if (member.key_is("output") && member.at_array()) {
            for (Walk item = Walk::inside(member); item.next();) {
                if (item.at_object()) items.add(document, item.value());
            }
        }
    }
    items.raise(usage_);
    if (!tier.empty()) name_tier(tier.of(document));
}

void UsageWatch::take_gemini(std::string_view document, const Found& found) {
    const std::optional<Usage> usage = read_gemini_usage(document, found.metadata);
    if (usage && usage->reported) update_usage(usage_, *usage);
    if (found.candidates.empty()) return;
    std::uint32_t queries = 0;
    for (Walk candidate(document, found.candidates); candidate.next();) {
        if (!candidate.at_object()) continue;
        const std::optional<Span> grounding = json::find_member(document, candidate.value(), "groundingMetadata");
        if (grounding) queries += gemini::searches_in(document, *grounding);
    }
    const std::string version = found.version.empty() ? "" : json::as_string(found.version.of(document)).value_or("");
    at_least(usage_.web_searches, gemini::billed_searches(version, queries));
}

void UsageWatch::take_usual(std::string_view document, Span object, const Found& found) {
    const std::string_view type = found.type.of(document);
    Usage usage;
    read_chat_usage(document, object, usage);
    Span at = is_object(document, found.usage) ? found.usage : Span{};
    if (is(document, found.type, "message-end") && is_object(document, found.delta)) {
        at = json::find_member(document, found.delta, "usage").value_or(Span{});
    }
    if (!at.empty()) {
        if (const auto units = json::find_member(document, at, "billed_units")) {
            read_billed_units(document, *units, usage);
        }
        // Embeddings and rerankers of some say the total alone.
        const std::optional<Tokens> total = count_in(document, at, "total_tokens");
        if (!usage.reported && total) {
            usage.input_uncached = *total;
            usage.reported = true;
        }
    }
    if (is_object(document, found.meta)) {
        if (const auto units = json::find_member(document, found.meta, "billed_units")) {
            read_billed_units(document, *units, usage);
        }
    }
    const bool pictures = type.starts_with("\"image_") || (!found.created.empty() && !found.data.empty());
    if (pictures && usage.image_output == 0) usage.image_output = usage.output - usage.reasoning;
    if (!usage.reported && !found.created.empty() && !found.data.empty()) {
        usage.images = pictures_in(document, found.data);
        usage.reported = usage.images > 0;
    }
    if (!usage.reported && !found.task.empty() && !found.duration.empty()) {
        constexpr double kMsPerSecond = 1000;
        const double seconds = std::clamp(json::as_double(found.duration.of(document)).value_or(0), 0.0, 1e6);
        usage.audio_ms = piece_count(std::llround(seconds * kMsPerSecond));
        usage.reported = usage.audio_ms > 0;
    }
    // Counting tokens is free.
    const bool counted = !found.input_tokens.empty() || !found.total_tokens.empty();
    usage.reported |= counted && at.empty() && found.type.empty();
    if (usage.reported) update_usage(usage_, usage);
}

}  // namespace weir::wire
