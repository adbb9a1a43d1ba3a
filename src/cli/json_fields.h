// Reads the members of one JSON object that a running gateway has answered with.
// Thread rule: plain values; the document outlives them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/scan.h"

namespace weir::cli {

// Of one JSON object in a document that was checked.
class Fields {
  public:
    Fields(std::string_view document, json::Span object) : document_(document), object_(object) {}
    std::string text(std::string_view name) const { return json::as_string(raw(name)).value_or(""); }
    double number(std::string_view name) const { return json::as_double(raw(name)).value_or(0); }
    std::uint64_t whole(std::string_view name) const {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(0, json::as_int64(raw(name)).value_or(0)));
    }
    bool flag(std::string_view name) const { return json::as_bool(raw(name)).value_or(false); }
    // Nothing where it is null.
    std::optional<Fields> object(std::string_view name) const {
        const auto found = json::find_member(document_, object_, name);
        if (!found || !json::is_object(found->of(document_))) return std::nullopt;
        return Fields(document_, *found);
    }

  private:
    std::string_view raw(std::string_view name) const {
        const auto found = json::find_member(document_, object_, name);
        return found ? found->of(document_) : std::string_view("null");
    }
    std::string_view document_;
    json::Span object_;
};

}  // namespace weir::cli
