#include "telemetry/name_texts.h"

#include <algorithm>

#include "json/scan.h"
#include "json/utf8.h"

namespace weir::telemetry {
namespace {

std::string escaped(std::string_view text) {
    std::string quoted;
    json::write_string(text, quoted);
    return quoted.substr(1, quoted.size() - 2);
}

// Protobuf's texts are UTF-8; a collector may refuse all of a report for one that is not.
void make_utf8(std::string& text) {
    if (json::valid_utf8(text)) return;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
}

}  // namespace

const NameTexts::Text& NameTexts::of(store::NameId id) {
    const auto found = texts_.find(id);
    if (found != texts_.end()) return found->second;
    if (texts_.size() >= kMostNameTexts) texts_.clear();
    Text text;
    if (id != store::kNoName) text.plain = look_up_(id);
    text.escaped = escaped(text.plain);
    make_utf8(text.plain);
    text.slash = text.plain.find('/');
    return texts_.emplace(id, std::move(text)).first->second;
}

}  // namespace weir::telemetry
