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

void with_model(std::string_view body, std::string_view model, std::string& out) {
    thread_local std::vector<json::Member> members;
    std::vector<json::Edit> edits;
    if (json::members(body, members)) {
        for (const json::Member& member : members) {
            if (member.key != "model") continue;
            std::string name;
            json::write_string(model, name);
            edits.push_back({member.value, std::move(name)});
            break;
        }
    }
    json::splice(body, edits, out);
}

}  // namespace weir::wire
