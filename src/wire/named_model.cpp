#include "wire/named_model.h"

#include <algorithm>
#include <vector>

#include "json/scan.h"

namespace weir::wire {
namespace {

constexpr std::size_t kMaxModelBytes = 256;

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Result<NamedModel> read_named_model(std::string_view body) {
    thread_local std::vector<json::Member> members;
    if (Result<void> read = json::members(body, members); !read) return tl::unexpected(read.error());
    NamedModel named;
    bool seen_model = false, seen_stream = false;
    for (const json::Member& member : members) {
        bool* const seen = member.key == "model" ? &seen_model : member.key == "stream" ? &seen_stream : nullptr;
        if (seen == nullptr) continue;
        if (*seen) return fail(ErrorCode::invalid, "'" + member.key + "' is given twice");
        *seen = true;
        const std::string_view raw = member.raw(body);
        if (member.key == "stream") {
            const std::optional<bool> stream = json::as_bool(raw);
            if (!stream && !json::is_null(raw)) return fail(ErrorCode::invalid, "'stream' must be a boolean");
            named.stream = stream.value_or(false);
            continue;
        }
        const std::optional<std::string> model = json::as_string(raw);
        if (!model || model->empty() || model->size() > kMaxModelBytes || !is_printable(*model)) {
            return fail(ErrorCode::invalid, "'model' must be a string of 1 to 256 printable ASCII characters");
        }
        named.model = *model;
    }
    return named;
}

namespace {

json::Edit model_edit(const json::Member& member, std::string_view model) {
    std::string name;
    json::write_string(model, name);
    return {member.value, std::move(name)};
}

// What is put into the object `options`. Nothing: it is there already, or can't be.
std::optional<json::Edit> usage_edit(std::string_view body, json::Span options) {
    const std::string_view raw = options.of(body);
    if (json::is_null(raw)) return json::Edit{options, R"({"include_usage":true})"};
    if (!json::is_object(raw)) return std::nullopt;
    if (const auto value = json::find_member(body, options, "include_usage")) {
        const std::string_view said = value->of(body);
        if (said != "false" && !json::is_null(said)) return std::nullopt;
        return json::Edit{*value, "true"};
    }
    const std::size_t inside = options.begin + 1;
    return json::Edit{{inside, inside},
                      json::is_empty_container(raw) ? R"("include_usage":true)" : R"("include_usage":true,)"};
}

}  // namespace

void with_model(std::string_view body, std::string_view model, std::string& out) {
    thread_local std::vector<json::Member> members;
    std::vector<json::Edit> edits;
    if (json::members(body, members)) {
        for (const json::Member& member : members) {
            if (member.key != "model") continue;
            edits.push_back(model_edit(member, model));
            break;
        }
    }
    json::splice(body, edits, out);
}

bool with_usage_asked(std::string_view body, std::string_view model, std::string& out) {
    thread_local std::vector<json::Member> members;
    std::vector<json::Edit> edits;
    std::optional<json::Edit> asked;
    if (json::members(body, members) && !members.empty()) {
        const std::size_t last = members.back().value.end;
        std::size_t options = 0;
        asked = json::Edit{{last, last}, R"(,"stream_options":{"include_usage":true})"};
        for (const json::Member& member : members) {
            if (member.key == "model") edits.push_back(model_edit(member, model));
            if (member.key != "stream_options") continue;
            asked = options++ == 0 ? usage_edit(body, member.value) : std::nullopt;
        }
    }
    if (asked) edits.push_back(*asked);
    const auto before = [](const json::Edit& a, const json::Edit& b) { return a.span.begin < b.span.begin; };
    std::stable_sort(edits.begin(), edits.end(), before);
    json::splice(body, edits, out);
    return asked.has_value();
}

}  // namespace weir::wire
