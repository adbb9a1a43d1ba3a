#include "wire/provider_form.h"

#include "json/scan.h"

namespace weir::wire {

std::string event_type(const http::SseSplitter::Event& event) {
    const auto found = json::find_member(event.data, {0, event.data.size()}, "type");
    if (found) {
        if (std::optional<std::string> type = json::as_string(found->of(event.data))) return *std::move(type);
    }
    return std::string(event.name);
}

bool is_error_event(const http::SseSplitter::Event& event) {
    if (event.name == "error") return true;
    if (json::find_mention(event.data, "error", "error") == std::string_view::npos) return false;
    const auto found = json::find_member(event.data, {0, event.data.size()}, "error");
    return found && !json::is_null(found->of(event.data));
}

}  // namespace weir::wire
