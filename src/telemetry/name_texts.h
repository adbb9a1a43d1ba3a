// Names of the ledger, as reports have them: looked up once, escaped once.
// Thread rule: one thread, where NameLookup may take a short lock. Limits: kMostNameTexts names, then it begins anew.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/ledger_row.h"

namespace weir::telemetry {

using NameLookup = std::function<std::string(store::NameId)>;  // empty where there is none
constexpr std::size_t kMostNameTexts = 10'000;

class NameTexts {
  public:
    struct Text {
        std::string escaped;  // as it stands in JSON, without quotes
        std::string plain;    // UTF-8, whatever the name is: what is no such thing is "?"
        std::size_t slash = std::string::npos;

        // Of "provider/model"; without a slash both are the whole.
        std::string_view provider() const { return std::string_view(plain).substr(0, slash); }
        std::string_view model() const {
            return std::string_view(plain).substr(slash == std::string::npos ? 0 : slash + 1);
        }
    };
    explicit NameTexts(NameLookup look_up) : look_up_(std::move(look_up)) {}
    const Text& of(store::NameId id);  // valid until the next call

  private:
    NameLookup look_up_;
    std::unordered_map<store::NameId, Text> texts_;
};

}  // namespace weir::telemetry
