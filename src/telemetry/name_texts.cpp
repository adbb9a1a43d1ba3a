#include "telemetry/name_texts.h"

#include "json/scan.h"

namespace weir::telemetry {
namespace {

std::string escaped(std::string_view text) {
    std::string quoted;
    json::write_string(text, quoted);
    return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

const NameTexts::Text& NameTexts::of(store::NameId id) {
    const auto found = texts_.find(id);
    if (found != texts_.end()) return found->second;
    if (texts_.size() >= kMostNameTexts) texts_.clear();
    const std::string name = id == store::kNoName ? std::string() : look_up_(id);
    const std::size_t slash = name.find('/');
    Text text{escaped(name), escaped(name.substr(0, slash)),
              escaped(slash == std::string::npos ? name : name.substr(slash + 1))};
    return texts_.emplace(id, std::move(text)).first->second;
}

}  // namespace weir::telemetry
